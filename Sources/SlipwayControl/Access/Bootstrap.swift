// The first start: an organization, its default team, its owner and the admin key.

import Foundation
import SlipwayCore
import SlipwayStore

public enum Bootstrap {
    /// Makes what a new installation needs in one transaction; does nothing when it exists.
    /// - Parameter keep: puts the admin key where the owner finds it. Called inside the transaction, so that a
    ///   key nobody could read is never stored; what it throws ends the start.
    /// - Returns: the admin key's text, only ever at the first start.
    public static func run(
        on store: Store, now: Timestamp, keep: @escaping @Sendable (String) throws -> Void
    ) async throws -> String? {
        let key = KeyText.generate()
        return try await store.write { db in
            if try db.organization() != nil { return nil }
            var random = Randomness()
            try db.insertOrganization(
                id: Identifier<Team>.random(length: IdentifierLength.other, using: &random).text,
                name: "Slipway", at: now)
            let owner = User(
                id: .random(length: IdentifierLength.other, using: &random), name: "Administrator",
                email: "admin@localhost", role: .admin, createdAt: now)
            try db.insert(owner)
            let team = Team(
                id: .random(length: IdentifierLength.other, using: &random), name: "default", isDefault: true,
                createdAt: now)
            try db.insert(team)
            try db.insert(
                APIKeyRecord(
                    prefix: key.prefix, digest: KeyText.hex(KeyText.digest(of: key.text)), name: "admin",
                    grant: APIKeyGrant(category: .workspaceManageAll), ownerID: owner.id, teamID: nil,
                    createdAt: now))
            try keep(key.text)
            return key.text
        }
    }
}
