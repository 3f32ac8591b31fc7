// OpenAPI schemas of the documents in Documents/AutoscalingSchedules.swift; OpenAPIDocument collects them.

extension Schema {
    private static func schedule(_ id: Member) -> Schema {
        .object(
            "Other autoscaling settings at certain times of the week. Where two hold, the one made first wins; a window that ends before it begins ends in the next day or hour.",
            [
                id,
                .required("name", .string(length: 1...100), "Its name."),
                .required("enabled", .boolean, "Whether it ever holds."),
                .required("cadence", .ref("AutoscalingScheduleCadenceV1"), "Once a day or every hour."),
                .required("weekdays", .array(.ref("AutoscalingScheduleWeekdayV1")), "Days it holds on."),
                .optional(
                    "start_hour", .integer(0...23).nullable.defaulting(to: .null),
                    "Of the window; of an HOURLY schedule the first of its hours, absent for all."),
                .required("start_minute", .integer(0...59), "Of the window."),
                .optional(
                    "end_hour", .integer(0...23).nullable.defaulting(to: .null),
                    "Of the window; of an HOURLY schedule the first hour that is left out again."),
                .required("end_minute", .integer(0...59), "Of the window, which ends before it."),
                .required(
                    "autoscaling_settings", .ref("AutoscalingScheduleSettingsV1"), "What holds meanwhile."),
            ])
    }

    static let autoscalingSchedules: [String: Schema] = [
        "AutoscalingScheduleWeekdayV1": .choice(AutoscalingScheduleWeekdayV1.self).described(
            "A day of the week."),
        "AutoscalingScheduleCadenceV1": .choice(AutoscalingScheduleCadenceV1.self).described(
            "How often a schedule holds."),
        "AutoscalingScheduleSettingsV1": .object(
            "Settings that hold instead of the environment's; null follows the environment.",
            .required("min_replica", .integer, "Fewest replicas."),
            .required("max_replica", .integer, "Most replicas."),
            .required("autoscaling_window", .integer.nullable, "Seconds a decision looks back on."),
            .required("scale_down_delay", .integer.nullable, "Seconds before replicas are removed."),
            .required("concurrency_target", .integer.nullable, "Requests at once per replica."),
            .required("target_utilization_percentage", .integer.nullable, "Percentage of that to aim at."),
            .required("target_in_flight_tokens", .integer.nullable, "Tokens in flight per replica."),
            .required("max_scale_down_rate", .integer.nullable, "Largest share removed, in percent.")),
        "AutoscalingScheduleV1": schedule(.required("id", .string, "Its id.")),
        "AutoscalingScheduleUpsertV1": schedule(
            .optional(
                "id", .string.nullable.defaulting(to: .null), "Of the one to replace; absent for a new one.")),
        "UpdateAutoscalingScheduleSettingsV1": .object(
            "Changes to schedules; those that are not named stay.",
            .optional(
                "timezone", .string.nullable.defaulting(to: .null),
                "IANA name for all schedules; absent keeps it, null goes with the last deletion."),
            .optional("schedules", .array(.ref("AutoscalingScheduleUpsertV1")), "To make or replace."),
            .optional("delete_schedules", .array(.string), "Ids to delete.")),
        "AutoscalingScheduleStateV1": .object(
            "Which settings the deployment that serves has now.",
            .required(
                "schedule_id", .string.nullable, "Null while the environment's own settings hold."),
            .required("autoscaling_settings", .ref("AutoscalingSettingsV1"), "The settings.")),
        "EnvironmentAutoscalingSchedulesV1": .object(
            "The schedules of an environment.",
            .optional(
                "timezone", .string.nullable.defaulting(to: .null), "IANA name; null without schedules."),
            .required("schedules", .array(.ref("AutoscalingScheduleV1")), "In the order they were made."),
            .required(
                "applied_state", .ref("AutoscalingScheduleStateV1").nullable, "Null while nothing serves.")),
    ]
}
