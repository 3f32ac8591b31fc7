// OpenAPI schemas of the documents in Documents/Promotions.swift; OpenAPIDocument collects them.

extension Schema {
    static let promotions: [String: Schema] = [
        "PromoteRequestV1": .object(
            "Options for promoting a deployment to production.",
            .optional(
                "scale_down_previous_production", .boolean.defaulting(to: .bool(true)),
                "Whether the deployment that production leaves is scaled down."),
            .optional(
                "preserve_env_instance_type", .boolean.defaulting(to: .bool(true)),
                "Keep the environment's instance type instead of taking the deployment's own.")),
        "PromoteToEnvironmentRequestV1": .object(
            "Which deployment to promote to an environment, and how.",
            .optional(
                "scale_down_previous_deployment", .boolean.defaulting(to: .bool(true)),
                "Whether the deployment that the environment leaves is scaled down."),
            .required("deployment_id", .string, "The deployment to promote."),
            .optional(
                "preserve_env_instance_type", .boolean.defaulting(to: .bool(true)),
                "Keep the environment's instance type instead of taking the deployment's own.")),
        "InProgressPromotionStatusV1": .choice(InProgressPromotionStatusV1.self).described(
            "Phase of a promotion."),
        "InProgressPromotionV1": .object(
            "A promotion under way, or how the last one ended.",
            .required("status", .ref("InProgressPromotionStatusV1"), "Phase the promotion is in."),
            .required(
                "percent_traffic_to_new_version", .integer,
                "Share of requests that go to the new deployment, 0 to 100."),
            .optional(
                "error_message", .string.nullable.defaulting(to: .null), "What went wrong, if something did."),
            .optional(
                "rolling_deploy", .boolean.nullable.defaulting(to: .null),
                "Whether replicas are exchanged step by step.")),
        "CancelPromotionStatusV1": .choice(CancelPromotionStatusV1.self).described(
            "How a cancelled promotion comes to its end."),
        "CancelPromotionResponseV1": .object(
            "Answer to a request to cancel a promotion.",
            .required("status", .ref("CancelPromotionStatusV1"), "What happens now."),
            .required("message", .string, "The same in words.")),
        "SignalPromotionResponseV1": .object(
            "Answer to a signal (pause, resume, force) sent to a promotion.",
            .required("success", .boolean, "Whether the signal was taken.")),
    ]
}
