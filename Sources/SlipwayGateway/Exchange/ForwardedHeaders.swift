// Which headers pass the gateway, in either direction (RFC 9110 section 7.6.1 and our own rules).

import NIOHTTP1

enum ForwardedHeaders {
    private static let hopByHop: Set<String> = [
        "connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "proxy-connection", "te",
        "trailer", "transfer-encoding", "upgrade",
    ]
    /// A client's Connection header cannot take these out: they carry routing, rights and framing.
    private static let kept: Set<String> = ["host", "authorization", "content-length"]

    static let requestID = "x-baseten-request-id"

    /// Without hop-by-hop headers, those named by Connection included.
    private static func endToEnd(_ headers: HTTPHeaders, dropping drop: (String) -> Bool) -> HTTPHeaders {
        let named = Set(headers[canonicalForm: "connection"].map { $0.lowercased() }).subtracting(kept)
        var result = HTTPHeaders()
        result.reserveCapacity(headers.count + 4)
        for (name, value) in headers {
            let key = name.lowercased()
            if hopByHop.contains(key) || named.contains(key) || drop(key) { continue }
            result.add(name: name, value: value)
        }
        return result
    }

    /// The head for a replica: without the platform's key and headers, with the request's id.
    static func toReplica(
        _ head: HTTPRequestHead, uri: String, requestID: RequestID, client: String?
    ) -> HTTPRequestHead {
        var headers = endToEnd(head.headers) { key in
            key == "authorization" || key == "expect" || key == "x-slipway-no-retry"
                || key.hasPrefix("x-baseten-") || isForwarding(key)
        }
        headers.add(name: "X-Baseten-Request-Id", value: requestID.text)
        return finish(head, uri: uri, headers: headers, client: client)
    }

    /// The head for the management server: as it came, but for the hop.
    static func toManagement(_ head: HTTPRequestHead, client: String?) -> HTTPRequestHead {
        let headers = endToEnd(head.headers) { key in key == "expect" || isForwarding(key) }
        return finish(head, uri: head.uri, headers: headers, client: client)
    }

    private static func finish(
        _ head: HTTPRequestHead, uri: String, headers: HTTPHeaders, client: String?
    ) -> HTTPRequestHead {
        var headers = headers
        if head.isChunked {
            headers.replaceOrAdd(name: "Transfer-Encoding", value: "chunked")
        } else if !headers.contains(name: "content-length"), head.method.usuallyHasBody {
            headers.add(name: "Content-Length", value: "0")
        }
        if let client { headers.add(name: "X-Forwarded-For", value: client) }
        headers.add(name: "X-Forwarded-Proto", value: "http")
        return HTTPRequestHead(version: .http1_1, method: head.method, uri: uri, headers: headers)
    }

    private static func isForwarding(_ key: String) -> Bool {
        key == "forwarded" || key.hasPrefix("x-forwarded-")
    }

    /// The headers of an upstream's answer for the client; framing is added by the client connection.
    static func toClient(_ head: HTTPResponseHead) -> HTTPHeaders {
        let isChunked = head.headers.contains(name: "transfer-encoding")
        return endToEnd(head.headers) { key in isChunked && key == "content-length" }
    }
}

extension HTTPRequestHead {
    var isChunked: Bool { headers.contains(name: "transfer-encoding") }
}

extension HTTPMethod {
    /// Methods whose missing body is told as `Content-Length: 0` (RFC 9110 section 8.6).
    fileprivate var usuallyHasBody: Bool { [.POST, .PUT, .PATCH].contains(self) }
}
