// OpenAPI operations of models; OpenAPIDocument collects them.

extension APIOperation {
    static let models: [APIOperation] = [
        .management(
            .get, "/v1/models", "listModels",
            "Lists the models.",
            answers: "ModelsV1"),
        .management(
            .get, "/v1/teams/{team_id}/models", "listTeamModels",
            "Lists the models of a team.",
            answers: "ModelsV1"),
        .management(
            .get, "/v1/models/{model_id}", "getModel",
            "Reads a model.",
            answers: "ModelV1"),
        .management(
            .delete, "/v1/models/{model_id}", "deleteModel",
            "Deletes a model with all its deployments.",
            answers: "ModelTombstoneV1"),
    ]
}
