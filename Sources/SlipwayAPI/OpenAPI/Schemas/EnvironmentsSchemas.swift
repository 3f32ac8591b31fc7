// OpenAPI schemas of the documents in Documents/Environments.swift; OpenAPIDocument collects them.

extension Schema {
    static let environments: [String: Schema] = [
        "PromotionCleanupStrategyV1": .choice(PromotionCleanupStrategyV1.self).described(
            "What becomes of the deployment an environment leaves."),
        "RollingDeployStrategyV1": .choice(RollingDeployStrategyV1.self).described(
            "Unit in which a rolling promotion proceeds."),
        "RollingDeployConfigV1": .object(
            "Pace of a rolling promotion.",
            .optional(
                "rolling_deploy_strategy", .ref("RollingDeployStrategyV1").defaulting(to: .string("REPLICA")),
                "Unit of a step."),
            .optional(
                "max_surge_percent", .integer.defaulting(to: .integer(10)),
                "Replicas above the target during a step, in percent."),
            .optional(
                "max_unavailable_percent", .integer.defaulting(to: .integer(0)),
                "Replicas below the target during a step, in percent."),
            .optional(
                "stabilization_time_seconds", .integer.defaulting(to: .integer(0)),
                "Seconds to wait after each step."),
            .optional(
                "replica_overhead_percent", .integer.defaulting(to: .integer(0)),
                "Extra replicas kept during the whole promotion, in percent.")),
        "PromotionSettingsV1": .object(
            "How promotions to an environment are carried out.",
            .optional(
                "redeploy_on_promotion", .boolean.nullable.defaulting(to: .bool(false)),
                "Whether a promotion builds a copy of the deployment."),
            .optional(
                "rolling_deploy", .boolean.nullable.defaulting(to: .bool(false)),
                "Whether replicas are exchanged step by step."),
            .optional(
                "promotion_cleanup_strategy",
                .ref("PromotionCleanupStrategyV1").nullable.defaulting(to: .string("SCALE_TO_ZERO")),
                "What becomes of the previous deployment."),
            .optional(
                "rolling_deploy_config", .ref("RollingDeployConfigV1").nullable.defaulting(to: .null),
                "Pace of a rolling promotion; null for the usual one."),
            .optional(
                "ramp_up_while_promoting", .boolean.nullable.defaulting(to: .bool(false)),
                "Whether traffic moves over gradually."),
            .optional("slipway", .ref("PromotionSafetyV1"), "What guards a promotion; Slipway's own."),
            .optional(
                "ramp_up_duration_seconds", .integer.nullable.defaulting(to: .integer(600)),
                "Seconds the gradual move takes.")),
        "EnvironmentV1": .object(
            "A stable endpoint of a model and the deployment behind it.",
            .required("name", .string, "Name, unique in the model."),
            .required("created_at", .dateTime, "When the environment was made."),
            .required("model_id", .string, "The model it belongs to."),
            .required(
                "current_deployment", .ref("DeploymentV1").nullable,
                "The deployment that serves; null before the first promotion."),
            .optional(
                "candidate_deployment", .ref("DeploymentV1").nullable.defaulting(to: .null),
                "The deployment being promoted, if any."),
            .optional(
                "in_progress_promotion", .ref("InProgressPromotionV1").nullable.defaulting(to: .null),
                "The promotion under way, if any."),
            .required(
                "autoscaling_settings", .ref("AutoscalingSettingsV1"),
                "How replicas of the serving deployment follow the load."),
            .required("promotion_settings", .ref("PromotionSettingsV1"), "How promotions are carried out."),
            .required(
                "instance_type", .ref("InstanceTypeV1"),
                "Instance type promotions keep unless told otherwise."),
            .required(
                "request_backpressure_settings", .ref("RequestBackpressureSettingsV1"),
                "What becomes of requests when all replicas are busy."),
            .optional(
                "autoscaling_schedules",
                .ref("EnvironmentAutoscalingSchedulesV1").nullable.defaulting(to: .null),
                "Settings at certain times; null without any.")),
        "RequestBackpressurePolicyV1": .choice(RequestBackpressurePolicyV1.self).described(
            "A policy for requests that find every replica busy."),
        "RequestBackpressureSettingsV1": .object(
            "What becomes of requests when all replicas are busy.",
            .optional(
                "policy", .ref("RequestBackpressurePolicyV1").nullable.defaulting(to: .null),
                "The policy; null when none was set: requests wait.")),
        "EnvironmentsV1": .object(
            "The environments of a model.",
            .required(
                "environments", .array(.ref("EnvironmentV1")), "The environments; the list is complete.")),
    ]
}
