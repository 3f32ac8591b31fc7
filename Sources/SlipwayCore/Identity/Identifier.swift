// Typed identifiers: opaque lower-case alphanumeric strings, as clients of the management API expect.

/// An opaque identifier of an `Entity`; two kinds of identifier never compare.
public struct Identifier<Entity>: Hashable, Sendable, Codable, CustomStringConvertible, Comparable {
    /// The text seen on the wire.
    public let text: String

    /// Wraps text that came from the store or a client; nothing is checked, an unknown id is simply not found.
    public init(_ text: String) { self.text = text }

    /// Draws a new identifier of `length` characters from `a–z0–9`, the first always a letter, so that it is
    /// usable inside a DNS label.
    public static func random(length: Int, using generator: inout some RandomNumberGenerator) -> Self {
        let letters = Array("abcdefghijklmnopqrstuvwxyz")
        let all = Array("abcdefghijklmnopqrstuvwxyz0123456789")
        var text = String(letters.randomElement(using: &generator)!)
        while text.count < length { text.append(all.randomElement(using: &generator)!) }
        return Self(text)
    }

    public var description: String { text }

    public init(from decoder: any Decoder) throws {
        text = try decoder.singleValueContainer().decode(String.self)
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(text)
    }

    public static func < (left: Self, right: Self) -> Bool { left.text < right.text }
}

public typealias ModelID = Identifier<Model>
public typealias DeploymentID = Identifier<Deployment>
public typealias ReplicaID = Identifier<Replica>
public typealias PromotionID = Identifier<Promotion>
public typealias TeamID = Identifier<Team>
public typealias UserID = Identifier<User>
public typealias ImageID = Identifier<Image>

/// Lengths of new identifiers, as seen in the original service's samples.
public enum IdentifierLength {
    public static let model = 8
    public static let deployment = 7
    public static let replica = 5
    public static let other = 10
}
