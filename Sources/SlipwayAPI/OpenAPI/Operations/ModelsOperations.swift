// OpenAPI operations of models; OpenAPIDocument collects them.

extension APIOperation {
    static let models: [APIOperation] = [
        .management(
            .get, "/v1/models", "listModels",
            "Lists the models.", query: paged,
            answers: "ModelsV1"),
        .management(
            .get, "/v1/teams/{team_id}/models", "listTeamModels",
            "Lists the models of a team.", query: paged,
            answers: "ModelsV1"),
        .management(
            .get, "/v1/models/{model_id}", "getModel",
            "Reads a model.",
            answers: "ModelV1"),
        .management(
            .patch, "/v1/models/{model_id}", "updateModel",
            "Renames a model; its id, endpoints and deployments stay (an extension of Slipway).",
            takes: "UpdateModelRequestV1", answers: "ModelV1"),
        .management(
            .get, "/v1/regions", "listRegions", "Lists the regions; this machine is the only one.",
            answers: "RegionsV1"),
        .management(
            .get, "/v1/teams/{team_id}/regions", "listTeamRegions",
            "Lists the regions a team can use; this machine is the only one.", answers: "RegionsV1"),
        .management(
            .delete, "/v1/models/{model_id}", "deleteModel",
            "Deletes a model with all its deployments.",
            answers: "ModelTombstoneV1"),
    ]

    private static let paged = [
        Query("name", .string.nullable.defaulting(to: .null), "Only models of exactly this name."),
        Query(
            "limit", .integer(1...1000),
            "Most models to answer, and where the page ends; all without it (an extension of Slipway)."),
        Query(
            "cursor", .string, "Where the page begins: of an earlier answer (an extension of Slipway)."),
    ]
}
