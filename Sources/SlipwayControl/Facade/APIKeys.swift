// API keys: made with a category, shown once, known afterwards by their prefix.

import SlipwayCore
import SlipwayStore

extension ControlPlane {
    public func apiKeys() async throws -> [APIKeyView] {
        try await store.read { db in
            let teams = Dictionary(uniqueKeysWithValues: try db.teams().map { ($0.id, $0.name) })
            return try db.apiKeys().map { record in
                APIKeyView(record: record, teamName: record.teamID.flatMap { teams[$0] })
            }
        }
    }

    /// - Returns: the whole key text; it cannot be read again.
    /// - Throws: `ControlError.validation` for a bad name, models that do not exist, or a model list on a
    ///   category that takes none.
    public func createAPIKey(
        name: String?, category: APIKeyCategory, modelIDs: [ModelID]?, team: TeamID?, by caller: Caller
    ) async throws -> String {
        if let name, let problem = Names.problem(inAPIKeyName: name) {
            throw ControlError.validation(problem)
        }
        if modelIDs != nil, category != .workspaceInvoke, category != .workspaceExportMetrics {
            throw ControlError.validation(
                "model_ids limits WORKSPACE_INVOKE and WORKSPACE_EXPORT_METRICS keys only, not \(category.rawValue)."
            )
        }
        if !caller.grant.category.canMake(category) {
            throw ControlError.forbidden(
                "A WORKSPACE_MANAGE_API_KEYS key cannot make a key with more rights than its own.")
        }
        let key = KeyText.generate()
        let now = now
        try await store.write { db in
            let team = try team.map { try db.existing($0).id }
            for id in modelIDs ?? [] where try db.model(id) == nil {
                throw ControlError.validation("model_ids names \(id), which does not exist.")
            }
            if let name,
                try db.apiKeys().contains(where: { $0.name == name && $0.ownerID == caller.user.id })
            {
                throw ControlError.validation("name: you have an API key named \(name) already.")
            }
            let record = APIKeyRecord(
                prefix: key.prefix, digest: KeyText.hex(KeyText.digest(of: key.text)), name: name,
                grant: APIKeyGrant(category: category, modelIDs: modelIDs.map(Set.init)),
                ownerID: caller.user.id, teamID: team, createdAt: now)
            try db.insert(record)
            try db.record(.created(record), by: caller, at: now)
        }
        await controller.settle()
        return key.text
    }

    /// - Throws: `ControlError.forbidden` for a key of somebody else, unless an admin deletes it, and for one with
    ///   more rights than the caller's; `.validation` for the last key an admin can manage with.
    public func deleteAPIKey(prefix: String, by caller: Caller) async throws {
        let now = now
        try await store.write { db in
            guard let key = try db.deleteAPIKey(prefix: prefix) else {
                throw ControlError.notFound("There is no API key with the prefix \(prefix).")
            }
            guard key.canBeDeleted(by: caller.user, with: caller.grant.category) else {
                throw ControlError.forbidden(
                    "The API key \(prefix) belongs to somebody else or has more rights than \(caller.keyPrefix): only an admin may delete it."
                )
            }
            guard try db.hasAdminKey() else {
                throw ControlError.validation(
                    "The API key \(prefix) is the last one of an admin. Make another one first.")
            }
            try db.record(.deleted(key), by: caller, at: now)
        }
        await controller.settle()
    }
}

extension StoreReader {
    /// Whether an admin has a key to manage with: without one nobody can be let in any more.
    fileprivate func hasAdminKey() throws -> Bool {
        let admins = Set(try users().filter { $0.role == .admin }.map(\.id))
        return try apiKeys().contains { $0.grant.allows(.manage) && admins.contains($0.ownerID) }
    }
}
