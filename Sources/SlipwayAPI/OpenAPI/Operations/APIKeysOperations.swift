// OpenAPI operations of API keys; OpenAPIDocument collects them.

extension APIOperation {
    static let apiKeys: [APIOperation] = [
        .management(
            .get, "/v1/api_keys", "listAPIKeys",
            "Lists the API keys without their secret parts.",
            answers: "APIKeysV1"),
        .management(
            .post, "/v1/api_keys", "createAPIKey",
            "Makes an API key.", takes: "CreateAPIKeyRequestV1",
            answers: "APIKeyV1"),
        .management(
            .post, "/v1/teams/{team_id}/api_keys", "createTeamAPIKey",
            "Makes an API key of a team.", takes: "CreateAPIKeyRequestV1",
            answers: "APIKeyV1"),
        .management(
            .delete, "/v1/api_keys/{api_key_prefix}", "deleteAPIKey",
            "Deletes an API key; it stops working at once.",
            answers: "APIKeyTombstoneV1"),
    ]
}
