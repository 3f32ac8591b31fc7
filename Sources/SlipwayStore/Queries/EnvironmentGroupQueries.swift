// Environment groups: a row exists only for a group somebody has restricted.

import GRDB
import SlipwayCore

private struct EnvironmentGroupRecord: Codable, FetchableRecord, PersistableRecord {
    static let databaseTableName = "environment_groups"
    var team_id: TeamID
    var name: String
    var is_restricted: Bool
    var user_ids: [UserID]

    var group: EnvironmentGroup {
        EnvironmentGroup(teamID: team_id, name: name, isRestricted: is_restricted, userIDs: user_ids)
    }
}

extension StoreReader {
    /// Names of all environments of a team's models, and of groups without one, in alphabetical order.
    public func environmentGroupNames(of team: TeamID) throws -> [String] {
        try String.fetchAll(
            db,
            sql: """
                SELECT environments.name FROM environments JOIN models ON models.id = environments.model_id
                WHERE models.team_id = ?
                UNION SELECT name FROM environment_groups WHERE team_id = ? ORDER BY 1
                """, arguments: [team.text, team.text])
    }

    /// The group; unrestricted unless somebody has restricted it.
    public func environmentGroup(_ name: String, of team: TeamID) throws -> EnvironmentGroup {
        try EnvironmentGroupRecord.filter(Column("team_id") == team.text).filter(Column("name") == name)
            .fetchOne(db)?.group ?? EnvironmentGroup(teamID: team, name: name)
    }
}

extension StoreWriter {
    public func save(_ group: EnvironmentGroup) throws {
        try EnvironmentGroupRecord(
            team_id: group.teamID, name: group.name, is_restricted: group.isRestricted,
            user_ids: group.userIDs
        ).save(db)
    }
}
