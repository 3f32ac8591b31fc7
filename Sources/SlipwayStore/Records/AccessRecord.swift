// Rows of `organization`, `users`, `teams`, `api_keys` and `secrets`.

import Foundation
import GRDB
import SlipwayCore

struct OrganizationRecord: Codable, FetchableRecord, PersistableRecord {
    static let databaseTableName = "organization"
    var id: String
    var name: String
    var created_at: Timestamp
}

struct UserRecord: Codable, FetchableRecord, PersistableRecord {
    static let databaseTableName = "users"
    var id: UserID
    var name: String
    var email: String
    var role: UserRole
    var created_at: Timestamp

    init(_ user: User) {
        id = user.id
        name = user.name
        email = user.email
        role = user.role
        created_at = user.createdAt
    }

    var user: User { User(id: id, name: name, email: email, role: role, createdAt: created_at) }
}

struct TeamRecord: Codable, FetchableRecord, PersistableRecord {
    static let databaseTableName = "teams"
    var id: TeamID
    var name: String
    var is_default: Bool
    var created_at: Timestamp

    init(_ team: Team) {
        id = team.id
        name = team.name
        is_default = team.isDefault
        created_at = team.createdAt
    }

    var team: Team { Team(id: id, name: name, isDefault: is_default, createdAt: created_at) }
}

struct APIKeyRow: Codable, FetchableRecord, PersistableRecord {
    static let databaseTableName = "api_keys"
    var prefix: String
    var digest: String
    var name: String?
    var category: APIKeyCategory
    var model_ids: [ModelID]?
    var owner_id: UserID
    var team_id: TeamID?
    var created_at: Timestamp

    init(_ record: APIKeyRecord) {
        prefix = record.prefix
        digest = record.digest
        name = record.name
        category = record.grant.category
        model_ids = record.grant.modelIDs?.sorted()
        owner_id = record.ownerID
        team_id = record.teamID
        created_at = record.createdAt
    }

    var record: APIKeyRecord {
        APIKeyRecord(
            prefix: prefix, digest: digest, name: name,
            grant: APIKeyGrant(category: category, modelIDs: model_ids.map(Set.init)), ownerID: owner_id,
            teamID: team_id, createdAt: created_at)
    }
}

/// A secret with its value sealed; the key is not in the database.
public struct SealedSecret: Sendable, Codable, FetchableRecord, PersistableRecord {
    public static let databaseTableName = "secrets"
    public var id: String
    public var team_id: TeamID
    public var name: String
    public var sealed: Data
    public var created_at: Timestamp

    public init(id: String, teamID: TeamID, name: String, sealed: Data, createdAt: Timestamp) {
        self.id = id
        team_id = teamID
        self.name = name
        self.sealed = sealed
        created_at = createdAt
    }
}
