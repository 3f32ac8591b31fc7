// What a request must satisfy before it is routed (RFC 9112 sections 3.2 and 6.3); pure.

import NIOHTTP1
import SlipwayCore

/// A request in origin form with the host it is for.
struct CheckedRequest: Sendable, Equatable {
    var head: HTTPRequestHead
    var host: String
    /// nil when the body is chunked or there is none.
    var contentLength: Int?

    /// Throws the 400 (414, 501) that says what is wrong; the connection must be closed after it.
    init(_ received: HTTPRequestHead, maxURIBytes: Int) throws(PlatformError) {
        head = received
        guard received.uri.utf8.count <= maxURIBytes else {
            throw PlatformError(
                status: 414, code: "client_error", message: "The URI exceeds \(maxURIBytes) bytes.")
        }
        guard received.method != .CONNECT else {
            throw PlatformErrors.badRequest("CONNECT is not supported.")
        }
        let hosts = received.headers["host"]
        guard hosts.count <= 1, !hosts.isEmpty || !received.version.isAtLeast11 else {
            throw PlatformErrors.badRequest("A request must have exactly one Host header.")
        }
        host = hosts.first ?? ""
        try Self.splitAbsoluteForm(&head, host: &host)
        contentLength = try Self.framing(received.headers)
    }

    /// `GET http://host/path` names the host in the URI, and that counts more than the header.
    private static func splitAbsoluteForm(
        _ head: inout HTTPRequestHead, host: inout String
    ) throws(PlatformError) {
        guard head.uri.first != "/", head.uri != "*" else { return }
        let lower = head.uri.prefix(8).lowercased()
        let scheme = lower.hasPrefix("http://") ? 7 : lower == "https://" ? 8 : 0
        guard scheme > 0 else { throw PlatformErrors.badRequest("The URI must start with a slash.") }
        let rest = head.uri.dropFirst(scheme)
        let authority = rest.prefix { $0 != "/" && $0 != "?" }
        guard !authority.isEmpty, !authority.contains("@") else {
            throw PlatformErrors.badRequest("The URI names no host.")
        }
        host = String(authority)
        let path = rest.dropFirst(authority.count)
        head.uri = path.first == "/" ? String(path) : "/\(path)"
        head.headers.replaceOrAdd(name: "Host", value: host)
    }

    private static func framing(_ headers: HTTPHeaders) throws(PlatformError) -> Int? {
        let codings = headers["transfer-encoding"]
        let lengths = headers["content-length"]
        if !codings.isEmpty {
            guard lengths.isEmpty else {
                throw PlatformErrors.badRequest("Content-Length and Transfer-Encoding exclude each other.")
            }
            guard codings.count == 1, codings[0].lowercased() == "chunked" else {
                throw PlatformError(
                    status: 501, code: "client_error", message: "Only chunked is understood as coding.")
            }
            return nil
        }
        guard let first = lengths.first else { return nil }
        guard lengths.count == 1, first.utf8.allSatisfy({ (48...57).contains($0) }), let length = Int(first)
        else { throw PlatformErrors.badRequest("The Content-Length is not a number.") }
        return length
    }
}

extension HTTPRequestHead {
    /// Method and path for log lines, without the query, which may carry what users type.
    var logDescription: String { "\(method.rawValue) \(uri.prefix { $0 != "?" }.prefix(200))" }
}
