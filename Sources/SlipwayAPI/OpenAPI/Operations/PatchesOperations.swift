// OpenAPI operations of live patches; OpenAPIDocument collects them.

extension APIOperation {
    static let patches: [APIOperation] = [
        .management(
            .post, "/v1/models/{model_id}/deployments/{deployment_id}/patches", "createDeploymentPatch",
            "Stages a patch of a development deployment.", takes: "CreateDeploymentPatchRequestV1",
            answers: "CreateDeploymentPatchResponseV1", errors: [409]),
        .management(
            .get, "/v1/models/{model_id}/deployments/{deployment_id}/patches/state",
            "getDeploymentPatchesState", "Tells which state of the source runs and which one is staged.",
            answers: "GetDeploymentPatchesStateResponseV1", errors: [503]),
        .management(
            .post, "/v1/models/{model_id}/deployments/{deployment_id}/patches/sync", "syncDeploymentPatches",
            "Lets the development deployment run what is staged.", takes: "EmptyRequest",
            bodyRequired: false, answers: "SyncDeploymentPatchesResponseV1", errors: [503]),
    ]
}
