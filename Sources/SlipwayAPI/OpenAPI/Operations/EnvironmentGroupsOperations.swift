// OpenAPI operations of environment groups; OpenAPIDocument collects them.

extension APIOperation {
    static let environmentGroups: [APIOperation] = [
        ("/v1", "", "the default team"), ("/v1/teams/{team_id}", "Team", "a team"),
    ].flatMap { base, name, owner in
        [
            .management(
                .get, "\(base)/environment_groups", "list\(name)EnvironmentGroups",
                "Lists the environment groups of \(owner).", answers: "EnvironmentGroupsV1"),
            .management(
                .get, "\(base)/environment_groups/{env_name}", "get\(name)EnvironmentGroup",
                "Gets an environment group of \(owner).", answers: "EnvironmentGroupV1"),
            .management(
                .patch, "\(base)/environment_groups/{env_name}", "update\(name)EnvironmentGroup",
                "Restricts who may manage the environments of a name in \(owner).",
                takes: "UpdateEnvironmentGroupRequestV1", answers: "EnvironmentGroupV1"),
        ]
    }
}
