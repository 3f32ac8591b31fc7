// OpenAPI schemas of the documents in Documents/APIKeys.swift; OpenAPIDocument collects them.

extension Schema {
    static let apiKeys: [String: Schema] = [
        "APIKeyCategory": .choice(APIKeyCategoryV1.self).described(
            "What an API key may be used for."),
        "CreateAPIKeyRequestV1": .object(
            "The API key to make.",
            .optional("name", .string.nullable.defaulting(to: .null), "Name shown to people."),
            .required("type", .ref("APIKeyCategory"), "What the key may be used for."),
            .optional(
                "model_ids", .array(.string).nullable.defaulting(to: .null),
                "The models it is limited to; null for all."),
            .optional(
                "team_id", .string.nullable.defaulting(to: .null), "The team it belongs to; null for none.")),
        "APIKeyV1": .object(
            "A new API key.",
            .required("api_key", .string, "The whole key text; it cannot be read again.")),
        "APIKeyInfoV1": .object(
            "An existing API key without its secret part.",
            .required("prefix", .string, "The public part of the key, which names it."),
            .optional("name", .string.nullable.defaulting(to: .null), "Name shown to people."),
            .required("type", .ref("APIKeyCategory"), "What the key may be used for."),
            .optional(
                "model_ids", .array(.string).nullable.defaulting(to: .null),
                "The models it is limited to; null for all."),
            .optional("team_name", .string.nullable.defaulting(to: .null), "Name of the team it belongs to."),
            .required("created_at", .dateTime, "When the key was made.")),
        "APIKeysV1": .object(
            "The existing API keys.",
            .required("keys", .array(.ref("APIKeyInfoV1")), "The keys; the list is complete.")),
        "APIKeyTombstoneV1": .object(
            "What remains of a deleted API key.",
            .required("prefix", .string, "The public part of the deleted key.")),
    ]
}
