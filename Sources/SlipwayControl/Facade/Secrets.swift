// Secrets: upserted by name in a team, sealed at rest, never readable again through the API.

import Foundation
import SlipwayCore
import SlipwayStore

extension ControlPlane {
    /// Values over this are refused: they become files of replicas, not data sets.
    static let longestSecret = 1 << 20

    public func secrets(team: TeamID?) async throws -> [SecretView] {
        try await store.read { db in
            let teams = try team.map { [try db.existing($0)] } ?? db.teams()
            return try teams.flatMap { team in
                try db.secrets(of: team.id).map { SecretView($0, teamName: team.name) }
            }
        }
    }

    /// Makes or replaces the secret; replicas started from now on see the new value.
    public func upsertSecret(
        name: String, value: String, team: TeamID?, by caller: Caller
    ) async throws -> SecretView {
        if let problem = Names.problem(inSecretName: name) { throw ControlError.validation(problem) }
        if value.utf8.count > Self.longestSecret {
            throw ControlError.validation("The secret's value is longer than \(Self.longestSecret) bytes.")
        }
        let now = now
        let box = dependencies.secretBox
        return try await store.write { db in
            let team = try db.teamOrDefault(team ?? caller.teamID)
            var random = Randomness()
            let stored = try db.upsert(
                SealedSecret(
                    id: Identifier<Team>.random(length: IdentifierLength.other, using: &random).text,
                    teamID: team.id, name: name, sealed: box.seal(value, context: "\(team.id)/\(name)"),
                    createdAt: now))
            try db.record(.updated(stored), by: caller, at: now)
            return SecretView(stored, teamName: team.name)
        }
    }

    public func deleteSecret(name: String, team: TeamID?, by caller: Caller) async throws {
        let now = now
        try await store.write { db in
            let team = try db.teamOrDefault(team ?? caller.teamID)
            guard let secret = try db.deleteSecret(named: name, of: team.id) else {
                throw ControlError.notFound("There is no secret \(name).")
            }
            try db.record(.deleted(secret), by: caller, at: now)
        }
    }
}

extension SecretView {
    fileprivate init(_ secret: SealedSecret, teamName: String) {
        self.init(id: secret.id, name: secret.name, createdAt: secret.created_at, teamName: teamName)
    }
}
