// What every request document can do: be read strictly from JSON and be written by a client.

/// A request document. Reading it checks names, types and ranges; see `RequestDecoder`.
public protocol WireRequest: Codable, Sendable, Equatable {
    /// Whether an empty body or `null` means a request with all defaults.
    static var allowsMissingBody: Bool { get }

    /// Takes the members out of a JSON object.
    ///
    /// - Throws: `BadRequest` naming the first member that is missing, of a wrong type or out of range.
    init(reading members: MemberReader) throws(BadRequest)
}

extension WireRequest {
    public static var allowsMissingBody: Bool { false }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        self = try MemberReader.read(Self.self, from: try container.decode(JSONValue.self), path: "")
    }
}

/// The body of an operation that takes none.
public struct EmptyRequest: WireRequest {
    public static var allowsMissingBody: Bool { true }

    public init(reading members: MemberReader) throws(BadRequest) {}

    public func encode(to encoder: any Encoder) throws {
        _ = encoder.container(keyedBy: NoKeys.self)
    }

    private enum NoKeys: CodingKey {}
}
