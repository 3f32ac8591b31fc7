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
            .post, "/v1/models/{model_id}/environments/{env_name}/activate", "activateEnvironment",
            "Starts the deployment an environment serves.",
            answers: "ActivateResponseV1"),
        .management(
            .post, "/v1/models/{model_id}/environments/{env_name}/deactivate", "deactivateEnvironment",
            "Stops the deployment an environment serves.",
            answers: "DeactivateResponseV1"),
    ]
}
