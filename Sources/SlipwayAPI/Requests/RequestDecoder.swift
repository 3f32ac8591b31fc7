// The door every request body comes through; the server's routes call it.

/// Turns request bodies into request documents, or says what is wrong with them.
public enum RequestDecoder {
    /// Largest body in bytes. Bodies carry configuration, not archives; the largest legitimate ones are a
    /// configuration in two forms, far below this.
    public static let maximumBodySize = 4 << 20

    /// Reads a request document.
    ///
    /// - Throws: `BadRequest` for a body that is missing, too large, malformed, or not of this type.
    public static func decode<Request: WireRequest>(
        _ type: Request.Type, from body: [UInt8]
    ) throws(BadRequest) -> Request {
        guard body.count <= maximumBodySize else {
            throw BadRequest("The body is larger than \(maximumBodySize) bytes.")
        }
        var document = JSONValue.null
        if body.contains(where: { $0 != 0x20 && !(0x09...0x0D).contains($0) }) {
            do throws(MalformedJSON) {
                document = try JSONParser.parse(body)
            } catch {
                throw BadRequest("malformed JSON at byte \(error.offset): \(error.reason)")
            }
        } else if !type.allowsMissingBody {
            throw BadRequest("The request needs a JSON object as its body.")
        }
        if document == .null, type.allowsMissingBody { document = .object([:]) }
        return try MemberReader.read(type, from: document, path: "")
    }
}
