// OpenAPI schemas of the documents in Documents/Autoscaling.swift; OpenAPIDocument collects them.

extension Schema {
    static let autoscaling: [String: Schema] = [
        "AutoscalingSettingsV1": .object(
            "How the number of replicas follows the load.",
            .required("min_replica", .integer, "Fewest replicas; 0 lets the deployment sleep."),
            .required("max_replica", .integer, "Most replicas."),
            .required(
                "autoscaling_window", .integer.nullable, "Seconds of load that a decision looks back on."),
            .required(
                "scale_down_delay", .integer.nullable, "Seconds of less load before replicas are removed."),
            .required("concurrency_target", .integer, "Requests at once that one replica should carry."),
            .required(
                "target_utilization_percentage", .integer.nullable,
                "Percentage of the concurrency target to aim at."),
            .optional(
                "target_in_flight_tokens", .integer.nullable.defaulting(to: .null),
                "Tokens in flight one replica should carry; null when not used."),
            .optional(
                "max_scale_down_rate", .integer.nullable.defaulting(to: .null),
                "Largest share of replicas removed per window, in percent.")),
        "UpdateAutoscalingSettingsV1": .object(
            "Changes to autoscaling settings; members absent or null stay as they are.", closed: true,
            .optional(
                "min_replica", .integer.nullable.defaulting(to: .null),
                "Fewest replicas; 0 lets the deployment sleep."),
            .optional("max_replica", .integer.nullable.defaulting(to: .null), "Most replicas."),
            .optional(
                "autoscaling_window", .integer.nullable.defaulting(to: .null),
                "Seconds of load that a decision looks back on."),
            .optional(
                "scale_down_delay", .integer.nullable.defaulting(to: .null),
                "Seconds of less load before replicas are removed."),
            .optional(
                "concurrency_target", .integer.nullable.defaulting(to: .null),
                "Requests at once that one replica should carry."),
            .optional(
                "target_utilization_percentage", .integer.nullable.defaulting(to: .null),
                "Percentage of the concurrency target to aim at."),
            .optional(
                "target_in_flight_tokens", .integer.nullable.defaulting(to: .null),
                "Tokens in flight one replica should carry."),
            .optional(
                "max_scale_down_rate", .integer(1...50).nullable.defaulting(to: .null),
                "Largest share of replicas removed per window, in percent.")),
        "UpdateAutoscalingSettingsStatusV1": .choice(UpdateAutoscalingSettingsStatusV1.self).described(
            "What became of a change of settings."),
        "UpdateAutoscalingSettingsResponseV1": .object(
            "Answer to a change of settings.",
            .required("status", .ref("UpdateAutoscalingSettingsStatusV1"), "What became of the change."),
            .required("message", .string, "The same in words.")),
    ]
}
