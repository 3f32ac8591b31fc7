// OpenAPI operations of promotions; OpenAPIDocument collects them.

extension APIOperation {
    static let promotions: [APIOperation] = [
        .management(
            .post, "/v1/models/{model_id}/deployments/development/promote", "promoteDevelopmentDeployment",
            "Promotes the development deployment to production.", query: dryRun, takes: "PromoteRequestV1",
            bodyRequired: false, answers: "DeploymentV1"
        ).takingIdempotencyKey(),
        .management(
            .post, "/v1/models/{model_id}/deployments/{deployment_id}/promote", "promoteDeployment",
            "Makes production serve another deployment.", query: dryRun, takes: "PromoteRequestV1",
            bodyRequired: false,
            answers: "DeploymentV1"
        ).takingIdempotencyKey(),
        .management(
            .post, "/v1/models/{model_id}/environments/{env_name}/promote", "promoteToEnvironment",
            "Makes an environment serve another deployment.", query: dryRun,
            takes: "PromoteToEnvironmentRequestV1",
            answers: "DeploymentV1"
        ).takingIdempotencyKey(),
        .management(
            .post, "/v1/models/{model_id}/environments/{env_name}/cancel_promotion", "cancelPromotion",
            "Cancels the promotion under way in an environment.",
            answers: "CancelPromotionResponseV1"),
        .management(
            .post, "/v1/models/{model_id}/environments/{env_name}/pause_promotion", "pausePromotion",
            "Holds the rolling promotion of an environment where it is.",
            answers: "SignalPromotionResponseV1"),
        .management(
            .post, "/v1/models/{model_id}/environments/{env_name}/resume_promotion", "resumePromotion",
            "Goes on with a held promotion.",
            answers: "SignalPromotionResponseV1"),
        .management(
            .post, "/v1/models/{model_id}/environments/{env_name}/force_cancel_promotion",
            "forceCancelPromotion",
            "Cancels a promotion at once, without moving traffic back in steps.",
            answers: "SignalPromotionResponseV1"),
        .management(
            .post, "/v1/models/{model_id}/environments/{env_name}/force_roll_forward_promotion",
            "forceRollForwardPromotion",
            "Moves all traffic to the candidate at the next step.",
            answers: "SignalPromotionResponseV1"),
        .management(
            .get, "/v1/models/{model_id}/environments/{env_name}/promotions", "listPromotions",
            "Lists the promotions into an environment, newest first (an extension of Slipway).",
            answers: "PromotionRecordsV1"),
    ]

    private static let dryRun = [
        Query(
            "dry_run", .boolean.defaulting(to: false),
            "True changes nothing and answers a PromotionPlanV1: what would happen, and what differs from what serves now."
        )
    ]
}
