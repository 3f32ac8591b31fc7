// OpenAPI operations of teams; OpenAPIDocument collects them.

extension APIOperation {
    static let teams: [APIOperation] = [
        .management(
            .get, "/v1/teams", "listTeams",
            "Lists the teams.",
            query: [
                Query("name", .string.nullable.defaulting(to: .null), "Only the team of exactly this name.")
            ],
            answers: "TeamsV1"),
        .management(
            .get, "/v1/teams/{team_id}", "getTeam",
            "Reads a team.",
            answers: "TeamV1"),
    ]
}
