// OpenAPI operations of environments; OpenAPIDocument collects them.

extension APIOperation {
    static let environments: [APIOperation] = [
        .management(
            .get, "/v1/models/{model_id}/environments", "listEnvironments",
            "Lists the environments of a model.",
            answers: "EnvironmentsV1"),
        .management(
            .get, "/v1/models/{model_id}/environments/{env_name}", "getEnvironment",
            "Reads an environment.",
            answers: "EnvironmentV1"),
        .management(
            .post, "/v1/models/{model_id}/environments", "createEnvironment",
            "Makes an environment.", takes: "CreateEnvironmentRequestV1",
            answers: "EnvironmentV1"
        ).takingIdempotencyKey(),
        .management(
            .patch, "/v1/models/{model_id}/environments/{env_name}", "updateEnvironment",
            "Changes the settings of an environment.", takes: "UpdateEnvironmentRequestV1",
            answers: "UpdateEnvironmentResponseV1"),
        .management(
            .delete, "/v1/models/{model_id}/environments/{env_name}", "deleteEnvironment",
            "Deletes an environment; its deployment is kept and sleeps.",
            answers: "EnvironmentTombstoneV1"),
        .management(
            .post, "/v1/models/{model_id}/environments/{env_name}/activate", "activateEnvironment",
            "Starts the deployment an environment serves.",
            answers: "ActivateResponseV1"),
        .management(
            .post, "/v1/models/{model_id}/environments/{env_name}/deactivate", "deactivateEnvironment",
            "Stops the deployment an environment serves.",
            answers: "DeactivateResponseV1"),
    ]
}
