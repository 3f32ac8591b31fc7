// Documents about API keys, of the caller or a team. The whole key text is answered once, at creation.

/// What an API key may be used for.
public enum APIKeyCategoryV1: String, Codable, Sendable, CaseIterable {
    case personal = "PERSONAL"
    case workspaceManageAll = "WORKSPACE_MANAGE_ALL"
    case workspaceExportMetrics = "WORKSPACE_EXPORT_METRICS"
    case workspaceInvoke = "WORKSPACE_INVOKE"
    case workspaceManageAPIKeys = "WORKSPACE_MANAGE_API_KEYS"
}

/// The API key to make.
public struct CreateAPIKeyRequestV1: WireRequest {
    /// Name shown to people.
    public var name: String?
    /// What the key may be used for.
    public var type: APIKeyCategoryV1
    /// The models it is limited to; null for all.
    public var modelIDs: [String]?
    /// The team it belongs to; null for none. The newest clients send it; the path form wins.
    public var teamID: String?

    public init(
        name: String? = nil, type: APIKeyCategoryV1, modelIDs: [String]? = nil, teamID: String? = nil
    ) {
        self.name = name
        self.type = type
        self.modelIDs = modelIDs
        self.teamID = teamID
    }

    public init(reading members: MemberReader) throws(BadRequest) {
        name = try members.optionalString("name")
        type = try members.choice("type", as: APIKeyCategoryV1.self)
        modelIDs = try members.optionalStrings("model_ids") ?? []
        teamID = try members.optionalString("team_id")
    }

    enum CodingKeys: String, CodingKey {
        case name, type
        case modelIDs = "model_ids"
        case teamID = "team_id"
    }
}

/// A new API key.
public struct APIKeyV1: Codable, Sendable, Equatable {
    /// The whole key text; it cannot be read again.
    public var apiKey: String

    public init(apiKey: String) {
        self.apiKey = apiKey
    }

    enum CodingKeys: String, CodingKey {
        case apiKey = "api_key"
    }
}

/// An existing API key without its secret part.
public struct APIKeyInfoV1: Codable, Sendable, Equatable {
    /// The public part of the key, which names it.
    public var prefix: String
    /// Name shown to people.
    @Nullable public var name: String?
    /// What the key may be used for.
    public var type: APIKeyCategoryV1
    /// The models it is limited to; null for all.
    @Nullable public var modelIDs: [String]?
    /// Name of the team it belongs to.
    @Nullable public var teamName: String?
    /// When the key was made.
    public var createdAt: WireDate

    public init(
        prefix: String, name: String? = nil, type: APIKeyCategoryV1, modelIDs: [String]? = nil,
        teamName: String? = nil, createdAt: WireDate
    ) {
        self.prefix = prefix
        self.name = name
        self.type = type
        self.modelIDs = modelIDs
        self.teamName = teamName
        self.createdAt = createdAt
    }

    enum CodingKeys: String, CodingKey {
        case prefix, name, type
        case createdAt = "created_at"
        case modelIDs = "model_ids"
        case teamName = "team_name"
    }
}

/// The existing API keys.
public struct APIKeysV1: Codable, Sendable, Equatable {
    /// The keys; the list is complete.
    public var keys: [APIKeyInfoV1]

    public init(keys: [APIKeyInfoV1]) {
        self.keys = keys
    }

    enum CodingKeys: String, CodingKey {
        case keys
    }
}

/// What remains of a deleted API key.
public struct APIKeyTombstoneV1: Codable, Sendable, Equatable {
    /// The public part of the deleted key.
    public var prefix: String

    public init(prefix: String) {
        self.prefix = prefix
    }

    enum CodingKeys: String, CodingKey {
        case prefix
    }
}
