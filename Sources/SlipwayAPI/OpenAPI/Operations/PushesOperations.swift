// OpenAPI operations of pushing: upload, then creation; OpenAPIDocument collects them.

extension APIOperation {
    static let pushes: [APIOperation] = [
        .management(
            .get, "/v1/blobs/credentials/model", "getModelUploadCredentials",
            "Hands out credentials to upload an archive.",
            answers: "GetBlobCredentialsResponseV1"),
        .management(
            .post, "/v1/prepare_model_upload", "prepareModelUpload",
            "Checks a push and hands out credentials to upload its archive.",
            takes: "PrepareModelUploadRequestV1",
            answers: "PrepareModelUploadResponseV1"),
        .management(
            .post, "/v1/models", "createModel",
            "Makes a model with its first deployment.", takes: "CreateModelRequestV1",
            answers: "CreatedModelDeploymentV1", errors: [501]
        ).takingIdempotencyKey(),
        .management(
            .post, "/v1/teams/{team_id}/models", "createTeamModel",
            "Makes a model of a team with its first deployment.", takes: "CreateModelRequestV1",
            answers: "CreatedModelDeploymentV1", errors: [501]
        ).takingIdempotencyKey(),
        .management(
            .post, "/v1/models/{model_id}/deployments", "createDeployment",
            "Adds a deployment to a model.", takes: "CreateModelDeploymentRequestV1",
            answers: "CreatedModelDeploymentV1"
        ).takingIdempotencyKey(),
    ]
}
