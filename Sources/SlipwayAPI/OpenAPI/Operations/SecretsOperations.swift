// OpenAPI operations of secrets; OpenAPIDocument collects them.

extension APIOperation {
    static let secrets: [APIOperation] = [
        .management(
            .get, "/v1/secrets", "listSecrets",
            "Lists the secrets without their values.",
            answers: "SecretsV1"),
        .management(
            .post, "/v1/secrets", "upsertSecret",
            "Stores a secret, replacing an older value.", takes: "UpsertSecretRequestV1",
            answers: "SecretV1"),
        .management(
            .delete, "/v1/secrets/{secret_name}", "deleteSecret",
            "Deletes a secret.",
            answers: "SecretTombstoneV1"),
        .management(
            .get, "/v1/teams/{team_id}/secrets", "listTeamSecrets",
            "Lists the secrets of a team without their values.",
            answers: "SecretsV1"),
        .management(
            .post, "/v1/teams/{team_id}/secrets", "upsertTeamSecret",
            "Stores a secret of a team, replacing an older value.", takes: "UpsertSecretRequestV1",
            answers: "SecretV1"),
        .management(
            .delete, "/v1/teams/{team_id}/secrets/{secret_name}", "deleteTeamSecret",
            "Deletes a secret of a team.",
            answers: "SecretTombstoneV1"),
    ]
}
