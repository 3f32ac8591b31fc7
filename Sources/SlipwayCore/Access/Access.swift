// Organization, teams, users and API keys, and what a key may do on either plane.

public struct Team: Sendable, Equatable {
    public var id: TeamID
    public var name: String
    public var isDefault: Bool
    public var createdAt: Timestamp

    public init(id: TeamID, name: String, isDefault: Bool, createdAt: Timestamp) {
        self.id = id
        self.name = name
        self.isDefault = isDefault
        self.createdAt = createdAt
    }
}

public enum UserRole: String, Sendable, Codable, CaseIterable {
    /// May restrict environments, and manage restricted ones.
    case admin = "ADMIN"
    case member = "MEMBER"
}

public struct User: Sendable, Equatable {
    public var id: UserID
    public var name: String
    public var email: String
    public var role: UserRole
    public var createdAt: Timestamp

    public init(id: UserID, name: String, email: String, role: UserRole, createdAt: Timestamp) {
        self.id = id
        self.name = name
        self.email = email
        self.role = role
        self.createdAt = createdAt
    }
}

/// Kinds of API key; raw values are the wire names (`APIKeyCategory`).
public enum APIKeyCategory: String, Sendable, Codable, CaseIterable {
    case personal = "PERSONAL"
    case workspaceManageAll = "WORKSPACE_MANAGE_ALL"
    case workspaceExportMetrics = "WORKSPACE_EXPORT_METRICS"
    case workspaceInvoke = "WORKSPACE_INVOKE"
    case workspaceManageAPIKeys = "WORKSPACE_MANAGE_API_KEYS"
}

/// A right that an endpoint asks for.
public enum Right: Sendable, Equatable {
    /// Read and change everything of the management API.
    case manage
    /// Create, list and delete API keys.
    case manageAPIKeys
    /// Read metrics, of one model or all.
    case exportMetrics
    /// Call a model.
    case invoke(ModelID)
}

/// What a presented key stands for, without the key itself.
public struct APIKeyGrant: Sendable, Hashable, Codable {
    public var category: APIKeyCategory
    /// Limits `workspaceInvoke` and `workspaceExportMetrics`; nil means every model.
    public var modelIDs: Set<ModelID>?

    public init(category: APIKeyCategory, modelIDs: Set<ModelID>? = nil) {
        self.category = category
        self.modelIDs = modelIDs
    }

    public func allows(_ right: Right) -> Bool {
        switch (category, right) {
        case (.personal, _), (.workspaceManageAll, _): true
        case (.workspaceManageAPIKeys, .manageAPIKeys): true
        case (.workspaceExportMetrics, .exportMetrics): true
        case (.workspaceInvoke, .invoke(let model)): modelIDs?.contains(model) ?? true
        default: false
        }
    }
}

/// A stored API key; the secret part exists only as a hash.
public struct APIKeyRecord: Sendable, Equatable {
    /// The part before the dot: public, used to list and delete.
    public var prefix: String
    /// SHA-256 of the whole key text (both parts with the dot), hex.
    public var digest: String
    public var name: String?
    public var grant: APIKeyGrant
    public var ownerID: UserID
    public var teamID: TeamID?
    public var createdAt: Timestamp

    public init(
        prefix: String, digest: String, name: String?, grant: APIKeyGrant, ownerID: UserID, teamID: TeamID?,
        createdAt: Timestamp
    ) {
        self.prefix = prefix
        self.digest = digest
        self.name = name
        self.grant = grant
        self.ownerID = ownerID
        self.teamID = teamID
        self.createdAt = createdAt
    }
}
