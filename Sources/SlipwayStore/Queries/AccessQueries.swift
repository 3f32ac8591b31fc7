// Organization, users, teams, keys and secrets.

import Foundation
import GRDB
import SlipwayCore

extension StoreReader {
    public func organization() throws -> (id: String, name: String)? {
        try OrganizationRecord.fetchOne(db).map { ($0.id, $0.name) }
    }

    public func users() throws -> [User] {
        try UserRecord.order(Column("created_at")).fetchAll(db).map(\.user)
    }

    public func user(_ id: UserID) throws -> User? { try UserRecord.fetchOne(db, key: id.text)?.user }

    public func teams() throws -> [Team] {
        try TeamRecord.order(Column("created_at")).fetchAll(db).map(\.team)
    }

    public func team(_ id: TeamID) throws -> Team? { try TeamRecord.fetchOne(db, key: id.text)?.team }

    public func defaultTeam() throws -> Team? {
        try TeamRecord.filter(Column("is_default") == true).fetchOne(db)?.team
    }

    public func apiKeys() throws -> [APIKeyRecord] {
        try APIKeyRow.all(db, "ORDER BY created_at").map(\.record)
    }

    public func apiKey(digest: String) throws -> APIKeyRecord? {
        try APIKeyRow.filter(Column("digest") == digest).fetchOne(db)?.record
    }

    public func secrets(of team: TeamID) throws -> [SealedSecret] {
        try SealedSecret.filter(Column("team_id") == team.text).order(Column("name")).fetchAll(db)
    }
}

extension StoreWriter {
    public func insertOrganization(id: String, name: String, at: Timestamp) throws {
        try OrganizationRecord(id: id, name: name, created_at: at).insert(db)
    }

    public func insert(_ user: User) throws { try UserRecord(user).insert(db) }

    public func insert(_ team: Team) throws { try TeamRecord(team).insert(db) }

    public func insert(_ key: APIKeyRecord) throws { try APIKeyRow(key).insert(db) }

    /// - Returns: the key that was; nil when there was none.
    public func deleteAPIKey(prefix: String) throws -> APIKeyRecord? {
        guard let row = try APIKeyRow.fetchOne(db, key: prefix) else { return nil }
        try row.delete(db)
        return row.record
    }

    /// Makes the secret or replaces the value of the one with its name, whose id and date stay.
    public func upsert(_ secret: SealedSecret) throws -> SealedSecret {
        var stored = secret
        if let old = try SealedSecret.filter(Column("team_id") == secret.team_id.text)
            .filter(Column("name") == secret.name).fetchOne(db)
        {
            stored.id = old.id
            stored.created_at = old.created_at
        }
        try stored.save(db)
        return stored
    }

    /// Whether there was such a secret.
    public func deleteSecret(named name: String, of team: TeamID) throws -> SealedSecret? {
        guard
            let secret = try SealedSecret.filter(Column("team_id") == team.text)
                .filter(Column("name") == name).fetchOne(db)
        else { return nil }
        try secret.delete(db)
        return secret
    }
}
