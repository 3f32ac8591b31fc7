// OpenAPI schemas of the documents in Documents/EnvironmentGroups.swift; OpenAPIDocument collects them.

extension Schema {
    static let environmentGroups: [String: Schema] = [
        "EnvironmentGroupUserV1": .object(
            "A user who may manage a restricted environment.",
            .required("user_id", .string, "Id of the user."),
            .optional("email", .string.nullable.defaulting(to: .null), "Mail address."),
            .optional("name", .string.nullable.defaulting(to: .null), "Full name.")),
        "EnvironmentGroupManageAccessV1": .object(
            "Who may manage the environments.",
            .required("is_restricted", .boolean, "Whether only some may."),
            .optional(
                "users", .array(.ref("EnvironmentGroupUserV1")),
                "Who may, admins among them; empty while it is not restricted.")),
        "EnvironmentGroupV1": .object(
            "All environments of one name in a team.",
            .required("name", .string, "Name of the environments."),
            .required("team_id", .string, "Id of the team."),
            .required("team_name", .string, "Name of the team."),
            .required("manage_access", .ref("EnvironmentGroupManageAccessV1"), "Who may manage them.")),
        "EnvironmentGroupsV1": .object(
            "The groups of a team.",
            .required("items", .array(.ref("EnvironmentGroupV1")), "The groups, by name."),
            .required("pagination", .ref("PaginationResponseV1"), "There is one page.")),
        "UpdateEnvironmentGroupManageAccessV1": .object(
            "Who shall manage the environments from now on.",
            .required("is_restricted", .boolean, "Whether only some may."),
            .optional("user_ids", .array(.string, atMost: 1000), "Users beside admins; replaces the list.")),
        "UpdateEnvironmentGroupRequestV1": .object(
            "A change of a group.",
            .optional(
                "manage_access", .ref("UpdateEnvironmentGroupManageAccessV1").nullable.defaulting(to: .null),
                "Who shall manage them; absent leaves it as it is.")),
    ]
}
