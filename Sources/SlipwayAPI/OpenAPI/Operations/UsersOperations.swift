// OpenAPI operations of users; OpenAPIDocument collects them.

extension APIOperation {
    static let users: [APIOperation] = [
        .management(
            .get, "/v1/users", "listUsers",
            "Lists the users, page by page.",
            query: [
                Query(
                    "cursor", .string.nullable.defaulting(to: .null),
                    "Where the page begins; absent for the first one."),
                Query("limit", .integer(1...1000).defaulting(to: 100), "Most users to answer."),
                Query(
                    "email", .string.nullable.defaulting(to: .null),
                    "Only the user with exactly this address."
                ),
            ],
            answers: "UsersResponseV1"),
        .management(
            .post, "/v1/users", "createUser",
            "Adds a person and makes them a personal key, for admins only (an extension of Slipway).",
            takes: "CreateUserRequestV1", answers: "CreatedUserV1"),
        .management(
            .get, "/v1/users/me", "getCurrentUser",
            "Reads the user behind the key.",
            answers: "UserInfoV1"),
        .management(
            .get, "/v1/users/{user_id}", "getUser",
            "Reads a user.",
            answers: "UserInfoV1"),
    ]
}
