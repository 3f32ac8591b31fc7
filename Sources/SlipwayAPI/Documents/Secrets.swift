// Documents about secrets, of the organization or a team. Values are written, never read.

/// A secret to store; an older value under the name is replaced.
public struct UpsertSecretRequestV1: WireRequest {
    /// What the secret is called.
    public var name: String
    /// The secret text.
    public var value: String

    public init(name: String, value: String) {
        self.name = name
        self.value = value
    }

    public init(reading members: MemberReader) throws(BadRequest) {
        name = try members.string("name")
        value = try members.string("value")
    }

    enum CodingKeys: String, CodingKey {
        case name, value
    }
}

/// A stored secret without its value.
public struct SecretV1: Codable, Sendable, Equatable {
    /// Identifier of the secret.
    public var id: String
    /// When the secret was first stored.
    public var createdAt: WireDate
    /// What the secret is called.
    public var name: String
    /// Name of the team that owns it.
    public var teamName: String

    public init(id: String, createdAt: WireDate, name: String, teamName: String) {
        self.id = id
        self.createdAt = createdAt
        self.name = name
        self.teamName = teamName
    }

    enum CodingKeys: String, CodingKey {
        case id, name
        case createdAt = "created_at"
        case teamName = "team_name"
    }
}

/// The stored secrets, without their values.
public struct SecretsV1: Codable, Sendable, Equatable {
    /// The secrets; the list is complete.
    public var secrets: [SecretV1]

    public init(secrets: [SecretV1]) {
        self.secrets = secrets
    }

    enum CodingKeys: String, CodingKey {
        case secrets
    }
}

/// What remains of a deleted secret.
public struct SecretTombstoneV1: Codable, Sendable, Equatable {
    /// What the deleted secret was called.
    public var name: String

    public init(name: String) {
        self.name = name
    }

    enum CodingKeys: String, CodingKey {
        case name
    }
}
