// Reading and restricting environment groups, and what a restriction means for the other commands.

import SlipwayCore
import SlipwayStore

public struct EnvironmentGroupView: Sendable {
    public var group: EnvironmentGroup
    public var teamName: String
    /// Who may manage it while it is restricted, admins among them; empty while it is not.
    public var managers: [User]
}

extension ControlPlane {
    public func environmentGroups(team: TeamID?) async throws -> [EnvironmentGroupView] {
        try await store.read { db in
            let team = try db.teamOrDefault(team)
            return try db.environmentGroupNames(of: team.id).map { try db.view(ofGroup: $0, team) }
        }
    }

    public func environmentGroup(_ name: String, team: TeamID?) async throws -> EnvironmentGroupView {
        try await store.read { db in
            let team = try db.teamOrDefault(team)
            return try db.view(ofGroup: db.existingGroup(name, of: team), team)
        }
    }

    /// The names of those of a model's environments that the caller may manage; commands ask again.
    public func manageableEnvironments(of model: ModelID, by caller: Caller) async throws -> Set<String> {
        try await store.read { db in
            let team = try db.existing(model).teamID
            return Set(
                try db.environments(of: model).map(\.name).filter {
                    try db.environmentGroup($0, of: team).canBeManaged(by: caller.user)
                })
        }
    }

    /// - Parameter userIDs: replaces the list; meaningless for an unrestricted group.
    /// - Throws: `ControlError.forbidden` for anybody but admins.
    public func restrict(
        _ name: String, team: TeamID?, _ isRestricted: Bool, userIDs: [UserID],
        ifStill isExpected: (@Sendable (EnvironmentGroup) -> Bool)? = nil, by caller: Caller
    ) async throws -> EnvironmentGroupView {
        guard caller.user.role == .admin else {
            throw ControlError.forbidden("Only admins can restrict an environment.")
        }
        let now = now
        return try await store.write { db in
            let team = try db.teamOrDefault(team)
            let name = try db.existingGroup(name, of: team)
            for id in userIDs where try db.user(id) == nil {
                throw ControlError.validation("manage_access.user_ids names \(id), who does not exist.")
            }
            if let isExpected, !isExpected(try db.environmentGroup(name, of: team.id)) {
                throw ControlError.changedMeanwhile
            }
            var seen: Set<UserID> = []
            let group = EnvironmentGroup(
                teamID: team.id, name: name, isRestricted: isRestricted,
                userIDs: isRestricted ? userIDs.filter { seen.insert($0).inserted } : [])
            if try db.environmentGroup(name, of: team.id) != group {
                try db.save(group)
                try db.record(.updated(group), by: caller, at: now)
            }
            return try db.view(ofGroup: name, team)
        }
    }
}

extension StoreReader {
    /// - Throws: `ControlError.forbidden` when the environment's group is restricted and the caller is left out.
    func requireManageable(_ environment: String, of model: ModelID, by caller: Caller) throws {
        let group = try environmentGroup(environment, of: existing(model).teamID)
        guard group.canBeManaged(by: caller.user) else {
            throw ControlError.forbidden(
                "Environment \(environment) is restricted, and \(caller.user.email) may not manage it.")
        }
    }

    fileprivate func existingGroup(_ name: String, of team: Team) throws -> String {
        guard try environmentGroupNames(of: team.id).contains(name) else {
            throw ControlError.notFound("No model of team \(team.name) has an environment \(name).")
        }
        return name
    }

    fileprivate func view(ofGroup name: String, _ team: Team) throws -> EnvironmentGroupView {
        let group = try environmentGroup(name, of: team.id)
        return EnvironmentGroupView(
            group: group, teamName: team.name,
            managers: group.isRestricted ? try users().filter(group.canBeManaged(by:)) : [])
    }
}
