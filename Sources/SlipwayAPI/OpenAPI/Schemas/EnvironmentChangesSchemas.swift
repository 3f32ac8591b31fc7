// OpenAPI schemas of Documents/EnvironmentChanges.swift and Documents/History.swift; OpenAPIDocument collects them.

extension Schema {
    static let environmentChanges: [String: Schema] = [
        "UpdateRollingDeployConfigV1": .object(
            "Changes to the pace of a rolling promotion; members absent or null stay as they are.",
            .optional(
                "rolling_deploy_strategy", .ref("RollingDeployStrategyV1").nullable.defaulting(to: .null),
                "Unit of a step."),
            .optional(
                "max_surge_percent", .integer(0...50).nullable.defaulting(to: .null),
                "Replicas above the target during a step, in percent."),
            .optional(
                "max_unavailable_percent", .integer(0...50).nullable.defaulting(to: .null),
                "Replicas below the target during a step, in percent."),
            .optional(
                "stabilization_time_seconds", .integer(0...3600).nullable.defaulting(to: .null),
                "Seconds to wait after each step."),
            .optional(
                "replica_overhead_percent", .integer(0...500).nullable.defaulting(to: .null),
                "Extra replicas kept during the whole promotion, in percent.")),
        "UpdatePromotionSettingsV1": .object(
            "Changes to how promotions are carried out; members absent or null stay as they are.",
            .optional(
                "redeploy_on_promotion", .boolean.nullable.defaulting(to: .null),
                "Whether a promotion builds a copy of the deployment."),
            .optional(
                "rolling_deploy", .boolean.nullable.defaulting(to: .null),
                "Whether replicas are exchanged step by step."),
            .optional(
                "promotion_cleanup_strategy",
                .ref("PromotionCleanupStrategyV1").nullable.defaulting(to: .null),
                "What becomes of the previous deployment."),
            .optional(
                "rolling_deploy_config", .ref("UpdateRollingDeployConfigV1").nullable.defaulting(to: .null),
                "Pace of a rolling promotion."),
            .optional(
                "ramp_up_while_promoting", .boolean.nullable.defaulting(to: .null),
                "Whether traffic moves over gradually."),
            .optional(
                "slipway", .ref("PromotionSafetyV1"),
                "What guards a promotion, Slipway's own: a member that is absent stays, null turns it off."),
            .optional(
                "ramp_up_duration_seconds", .integer.nullable.defaulting(to: .null),
                "Seconds the gradual move takes.")),
        "CreateEnvironmentRequestV1": .object(
            "A new environment.",
            .required("name", .string, "Name, unique in the model."),
            .optional(
                "autoscaling_settings", .ref("UpdateAutoscalingSettingsV1").nullable.defaulting(to: .null),
                "Autoscaling settings that differ from the usual ones."),
            .optional(
                "promotion_settings", .ref("UpdatePromotionSettingsV1").nullable.defaulting(to: .null),
                "Promotion settings that differ from the usual ones."),
            .optional(
                "request_backpressure_settings",
                .ref("UpdateRequestBackpressureSettingsV1").nullable.defaulting(to: .null),
                "What becomes of requests when all replicas are busy.")),
        "UpdateRequestBackpressureSettingsV1": .object(
            "A change of what becomes of requests when all replicas are busy.", closed: true,
            .optional(
                "policy", .ref("RequestBackpressurePolicyV1").nullable.defaulting(to: .null),
                "The policy from now on; null clears it.")),
        "UpdateEnvironmentRequestV1": .object(
            "Changes to an environment; members absent or null stay as they are.", closed: true,
            .optional(
                "autoscaling_settings", .ref("UpdateAutoscalingSettingsV1").nullable.defaulting(to: .null),
                "Changes to how replicas follow the load."),
            .optional(
                "promotion_settings", .ref("UpdatePromotionSettingsV1").nullable.defaulting(to: .null),
                "Changes to how promotions are carried out."),
            .optional(
                "autoscaling_schedule_settings",
                .ref("UpdateAutoscalingScheduleSettingsV1").nullable.defaulting(to: .null),
                "Changes to the settings at certain times."),
            .optional(
                "request_backpressure_settings",
                .ref("UpdateRequestBackpressureSettingsV1").nullable.defaulting(to: .null),
                "What becomes of requests when all replicas are busy.")),
        "UpdateEnvironmentResponseV1": .object(
            "Answer to a change of an environment.",
            .required("environment", .ref("EnvironmentV1"), "The environment after the change."),
            .required("status", .ref("UpdateAutoscalingSettingsStatusV1"), "What became of the change."),
            .required("message", .string, "The same in words.")),
        "EnvironmentTombstoneV1": .object(
            "What is left of a deleted environment.",
            .required("name", .string, "Its name."),
            .required("model_id", .string, "The model it belonged to."),
            .required("deleted", .boolean, "Always true.")),
        "PromotionRecordV1": .object(
            "One promotion, running or ended.",
            .required("id", .string, "The promotion's id."),
            .required("status", .ref("InProgressPromotionStatusV1"), "How far it is or how it ended."),
            .required("candidate_deployment_id", .string, "The deployment it brings in."),
            .required(
                "previous_deployment_id", .string.nullable, "The deployment that served when it began."),
            .required(
                "percent_traffic_to_new_version", .integer, "Share of the requests the candidate gets."),
            .required("rolling_deploy", .boolean, "Whether replicas are exchanged step by step."),
            .required("error_message", .string.nullable, "Why it failed."),
            .required("note", .string.nullable, "What else is worth knowing, such as an automatic return."),
            .required(
                "watched_until", .dateTime.nullable, "While set, the previous deployment can come back."),
            .required("created_at", .dateTime, "When it began."),
            .required("ended_at", .dateTime.nullable, "When it ended; null while it runs.")),
        "PromotionRecordsV1": .object(
            "Promotions into an environment.",
            .required("promotions", .array(.ref("PromotionRecordV1")), "Newest first, at most 100.")),
        "ScalingDecisionV1": .object(
            "One decision of the autoscaler.",
            .required("decided_at", .dateTime, "When it was made."),
            .required("from_replicas", .integer, "Replicas wanted before."),
            .required("to_replicas", .integer, "Replicas wanted from then on."),
            .required("reason", .string, "Why, with the numbers it came from.")),
        "ScalingDecisionsV1": .object(
            "Decisions of the autoscaler about one deployment.",
            .required("decisions", .array(.ref("ScalingDecisionV1")), "Newest first, at most 100.")),
    ]
}
