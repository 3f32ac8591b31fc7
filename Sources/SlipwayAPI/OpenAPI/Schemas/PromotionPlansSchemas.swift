// OpenAPI schemas of the documents in Documents/PromotionPlans.swift; OpenAPIDocument collects them.

extension Schema {
    static let promotionPlans: [String: Schema] = [
        "PromotionActionV1": .choice(PromotionActionV1.self).described(
            "What becomes of the deployment that is promoted: nothing, it moves itself, or a copy does."),
        "PromotionModeV1": .choice(PromotionModeV1.self).described("How traffic moves."),
        "ConfigChangeV1": .object(
            "A key of the config that differs from what serves now.",
            .required("path", .string, "Keys from the root, joined by dots."),
            .required("before", .anything, "Value of the deployment that serves; null without one."),
            .required("after", .anything, "Value of the promoted deployment; null without one.")),
        "FileChangesV1": .object(
            "Files that differ from what serves now.",
            .required("added", .array(.string), "Names of new files."),
            .required("removed", .array(.string), "Names of files that are gone."),
            .required("changed", .array(.string), "Names of files with other content.")),
        "PromotionPlanV1": .object(
            "What a promotion would do; nothing was changed.",
            .required("dry_run", .boolean, "Always true."),
            .required("environment", .string, "Environment it would go to."),
            .required("action", .ref("PromotionActionV1"), "What would become of the deployment."),
            .required("reason", .string.nullable, "Why a copy would be made."),
            .required("source_deployment_id", .string, "What would be promoted."),
            .required("previous_deployment_id", .string.nullable, "What serves now."),
            .required("mode", .ref("PromotionModeV1"), "How traffic would move."),
            .required("replicas", .integer, "Replicas it would need before it takes over."),
            .required("needs_build", .boolean, "Whether an image would have to be built."),
            .required("steps", .array(.string), "What would happen, one sentence each."),
            .required("config_changes", .array(.ref("ConfigChangeV1")), "Differences of the configs."),
            .required("files", .ref("FileChangesV1"), "Differences of the archives.")),
    ]

    static let promotionSafety: [String: Schema] = [
        "PromotionGateV1": .object(
            "A check that must pass before traffic moves. Exactly one of url and command.",
            .optional(
                "url", .string(length: 1...2048).nullable.defaulting(to: .null),
                "https, or http on this machine: gets a POST naming model, deployment and environment; 2xx passes."
            ),
            .optional(
                "command", .string(length: 1...100).nullable.defaulting(to: .null),
                "Name of a program in the server's gate directory; exit code 0 passes."),
            .optional(
                "timeout_seconds", .integer(1...3600).defaulting(to: .integer(300)), "Seconds it may take.")),
        "PromotionWatchV1": .object(
            "How long the previous deployment stays ready, and what brings it back besides ill health.",
            .optional(
                "duration_seconds", .integer(10...86400).defaulting(to: .integer(300)), "Seconds."),
            .optional(
                "max_error_percent", .integer(0...100).nullable.defaulting(to: .null),
                "Share of failed predictions that is still good; null looks at health alone."),
            .optional(
                "min_requests", .integer(1...1_000_000).defaulting(to: .integer(20)),
                "Predictions before their errors count.")),
        "PromotionSafetyV1": .object(
            "What guards a promotion; both are off unless set.",
            .optional(
                "gate", .ref("PromotionGateV1").nullable.defaulting(to: .null), "Before traffic moves."),
            .optional("watch", .ref("PromotionWatchV1").nullable.defaulting(to: .null), "After it has moved.")
        ),
    ]
}
