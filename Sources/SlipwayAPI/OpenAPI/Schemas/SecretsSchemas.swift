// OpenAPI schemas of the documents in Documents/Secrets.swift; OpenAPIDocument collects them.

extension Schema {
    static let secrets: [String: Schema] = [
        "UpsertSecretRequestV1": .object(
            "A secret to store; an older value under the name is replaced.",
            .required("name", .string, "What the secret is called."),
            .required("value", .string, "The secret text.")),
        "SecretV1": .object(
            "A stored secret without its value.",
            .required("id", .string, "Identifier of the secret."),
            .required("created_at", .dateTime, "When the secret was first stored."),
            .required("name", .string, "What the secret is called."),
            .required("team_name", .string, "Name of the team that owns it.")),
        "SecretsV1": .object(
            "The stored secrets, without their values.",
            .required("secrets", .array(.ref("SecretV1")), "The secrets; the list is complete.")),
        "SecretTombstoneV1": .object(
            "What remains of a deleted secret.",
            .required("name", .string, "What the deleted secret was called.")),
    ]
}
