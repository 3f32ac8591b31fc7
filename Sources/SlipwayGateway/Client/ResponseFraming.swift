// How an answer's end is told to the client, and whether its connection goes on after it (RFC 9112 sections 6
// and 9); pure, used by ClientConnection.

import NIOHTTP1

struct ResponseFraming: Sendable, Equatable {
    let method: HTTPMethod
    let version: HTTPVersion
    /// Whether another request may follow on the connection.
    private(set) var keepAlive: Bool

    init(_ request: HTTPRequestHead) {
        method = request.method
        version = request.version
        keepAlive = request.isKeepAlive
    }

    mutating func endConnection() { keepAlive = false }

    /// Completes end-to-end `headers` of the answer: chunks where the length is not known, and Connection.
    mutating func frame(_ headers: inout HTTPHeaders, status: HTTPResponseStatus) {
        let hasBody = method != .HEAD && status.mayHaveResponseBody
        if hasBody, !headers.contains(name: "content-length") {
            if version.isAtLeast11 {
                headers.replaceOrAdd(name: "Transfer-Encoding", value: "chunked")
            } else {
                // HTTP/1.0: only the end of the connection ends such a body.
                keepAlive = false
            }
        }
        if !keepAlive {
            headers.replaceOrAdd(name: "Connection", value: "close")
        } else if !version.isAtLeast11 {
            headers.replaceOrAdd(name: "Connection", value: "keep-alive")
        }
    }
}

extension HTTPVersion {
    /// Chunked bodies, interim answers and a mandatory Host came with HTTP/1.1.
    var isAtLeast11: Bool { (major, minor) >= (1, 1) }
}
