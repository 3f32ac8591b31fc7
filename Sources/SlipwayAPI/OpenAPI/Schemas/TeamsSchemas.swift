// OpenAPI schemas of the documents in Documents/Teams.swift; OpenAPIDocument collects them.

extension Schema {
    static let teams: [String: Schema] = [
        "TeamV1": .object(
            "A team: owner of models, secrets and keys.",
            .required("id", .string, "Identifier of the team."),
            .required("name", .string, "What the team is called."),
            .required("default", .boolean, "Whether objects land here when no team is named."),
            .required("created_at", .dateTime, "When the team was made.")),
        "TeamsV1": .object(
            "All teams of the organization.",
            .required("teams", .array(.ref("TeamV1")), "The teams; the list is complete.")),
    ]
}
