// The one way documents become bytes; the server and the command-line client call it.

import Foundation

public enum WireJSON {
    /// The JSON text of `document` as UTF-8, members sorted by name so that equal documents are equal bytes.
    ///
    /// - Throws: `EncodingError` for a number JSON cannot express (NaN, infinity).
    public static func encode(_ document: some Encodable) throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return [UInt8](try encoder.encode(document))
    }

    /// Reads a document that the other side wrote; requests go through `RequestDecoder` instead.
    ///
    /// - Throws: `DecodingError`.
    public static func decode<Document: Decodable>(_ type: Document.Type, from bytes: [UInt8]) throws
        -> Document
    {
        try JSONDecoder().decode(type, from: Data(bytes))
    }

    /// Any document as a value; integers stay integers.
    ///
    /// - Returns: nil when the bytes are no JSON document.
    public static func value(from bytes: [UInt8]) -> JSONValue? { try? JSONParser.parse(bytes) }
}
