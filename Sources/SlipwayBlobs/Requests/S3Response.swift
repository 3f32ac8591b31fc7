// The answer to one request; the HTTP server writes it out and logs `error` if there is one.

/// Status, headers and body of an answer.
public struct S3Response: Sendable {
    public enum Body: Sendable, Equatable {
        case none
        case bytes([UInt8])
        /// `range` (in bytes) of the local file at `path`.
        case file(path: String, range: Range<Int64>)
    }

    public let status: Int
    /// Headers to send, `Content-Length` among them except for a 204.
    public let headers: [(name: String, value: String)]
    public let body: Body
    /// Why the request was refused; nil for success. Its `diagnostic` is for the log only.
    public let error: S3Error?

    static func success(status: Int = 200, headers: [(name: String, value: String)] = []) -> S3Response {
        // A 204 has no length (RFC 9110, 8.6).
        let length = status == 204 ? [] : [(name: "Content-Length", value: "0")]
        return S3Response(status: status, headers: headers + length, body: .none, error: nil)
    }

    static func xml(_ text: String) -> S3Response {
        let bytes = Array(text.utf8)
        return S3Response(
            status: 200,
            headers: [("Content-Type", "application/xml"), ("Content-Length", String(bytes.count))],
            body: .bytes(bytes), error: nil)
    }

    /// The error as S3 XML; a HEAD answer has the same status without the body.
    static func failure(
        _ error: S3Error, for head: S3RequestHead, extra: [(name: String, value: String)] = []
    )
        -> S3Response
    {
        let bytes = Array(S3XML.error(error, resource: head.rawPath).utf8)
        let isHead = head.method == "HEAD"
        return S3Response(
            status: error.code.status,
            headers: extra + [
                ("Content-Type", "application/xml"),
                ("Content-Length", isHead ? "0" : String(bytes.count)),
            ],
            body: isHead ? .none : .bytes(bytes), error: error)
    }
}
