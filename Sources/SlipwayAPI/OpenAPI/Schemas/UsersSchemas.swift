// OpenAPI schemas of the documents in Documents/Users.swift; OpenAPIDocument collects them.

extension Schema {
    static let users: [String: Schema] = [
        "UserInfoV1": .object(
            "A person with access.",
            .required("user_id", .string, "Identifier of the user."),
            .optional("email", .string.nullable.defaulting(to: .null), "Mail address, if known."),
            .optional("name", .string.nullable.defaulting(to: .null), "Full name, if known."),
            .optional("workspace_name", .string.nullable.defaulting(to: .null), "Name of the organization.")),
        "UserRoleV1": .choice(UserRoleV1.self).described("What a person may do."),
        "CreateUserRequestV1": .object(
            "The person to add.", closed: true,
            .required("email", .string(length: 1...254), "Mail address, unlike that of any other."),
            .optional("name", .string(length: 0...255).nullable.defaulting(to: .null), "Full name."),
            .optional("role", .ref("UserRoleV1").defaulting(to: "MEMBER"), "What they may do.")),
        "CreatedUserV1": .object(
            "A new person, and their key.",
            .required("user", .ref("UserInfoV1"), "The person."),
            .required("api_key", .string, "The whole text of their key; it cannot be read again.")),
        "PaginationResponseV1": .object(
            "Where a page ends.",
            .required("has_more", .boolean, "Whether another page follows."),
            .optional("cursor", .string.nullable.defaulting(to: .null), "What to send to get it.")),
        "UsersResponseV1": .object(
            "A page of users.",
            .required("items", .array(.ref("UserInfoV1")), "The users of this page."),
            .required("pagination", .ref("PaginationResponseV1"), "Where the page ends.")),
    ]
}
