// OpenAPI operations of promotions; OpenAPIDocument collects them.

extension APIOperation {
    static let promotions: [APIOperation] = [
        .management(
            .post, "/v1/models/{model_id}/deployments/development/promote", "promoteDevelopmentDeployment",
            "Promotes the development deployment to production.", takes: "PromoteRequestV1",
            bodyRequired: false,
            answers: "DeploymentV1"),
        .management(
            .post, "/v1/models/{model_id}/deployments/{deployment_id}/promote", "promoteDeployment",
            "Makes production serve another deployment.", takes: "PromoteRequestV1", bodyRequired: false,
            answers: "DeploymentV1"),
        .management(
            .post, "/v1/models/{model_id}/environments/{env_name}/promote", "promoteToEnvironment",
            "Makes an environment serve another deployment.", takes: "PromoteToEnvironmentRequestV1",
            answers: "DeploymentV1"),
        .management(
            .post, "/v1/models/{model_id}/environments/{env_name}/cancel_promotion", "cancelPromotion",
            "Cancels the promotion under way in an environment.",
            answers: "CancelPromotionResponseV1"),
    ]
}
