// Success documents and the reading of JSON bodies, the same for every route.

import HTTPTypes
import Hummingbird
import SlipwayAPI

extension HTTPField.Name {
    /// Names the request in the server's log.
    static let requestID = HTTPField.Name("X-Request-Id")!
}

enum Answer {
    static func json(_ value: some Encodable, status: HTTPResponse.Status = .ok) throws -> Response {
        json(encoded: ByteBuffer(bytes: try WireJSON.encode(value)), status: status)
    }

    static func json(encoded: ByteBuffer, status: HTTPResponse.Status = .ok) -> Response {
        Response(
            status: status, headers: [.contentType: "application/json"],
            body: ResponseBody(byteBuffer: encoded))
    }

    static func text(_ text: String, type: String = "text/plain; charset=utf-8") -> Response {
        Response(
            status: .ok, headers: [.contentType: type],
            body: ResponseBody(byteBuffer: ByteBuffer(string: text)))
    }
}

extension Request {
    /// The whole body, whatever its content type says: the founding page's `curl --data` sends JSON as a form.
    /// - Throws: `Refusal.payloadTooLarge`.
    func jsonBody() async throws -> [UInt8] {
        guard hasAcceptableLength else {
            if !ContinueGate.expectsContinue(self) { try await discardBody() }
            throw Refusal.payloadTooLarge
        }
        let buffer = try await body.collect(upTo: RequestLimits.jsonBodyBytes)
        return Array(buffer.readableBytesView)
    }

    /// Takes in a body that nobody reads: most clients look for an answer only when they have sent everything.
    private func discardBody() async throws {
        var count = 0
        for try await piece in body {
            count += piece.readableBytes
            if count > RequestLimits.discardedBytes { return }
        }
    }

    /// Whether the head announces a body.
    var hasBody: Bool {
        headers[.transferEncoding] != nil || headers[.contentLength].map { $0 != "0" } ?? false
    }

    /// False when the head announces a longer body than a JSON document may have.
    var hasAcceptableLength: Bool {
        guard let text = headers[.contentLength] else { return true }
        return Int(text).map { $0 <= RequestLimits.jsonBodyBytes } ?? false
    }
}
