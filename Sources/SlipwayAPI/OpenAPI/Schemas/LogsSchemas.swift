// OpenAPI schemas of the documents in Documents/Logs.swift; OpenAPIDocument collects them.

extension Schema {
    static let logs: [String: Schema] = [
        "LogLevelV1": .choice(LogLevelV1.self).described(
            "Severity of a log line."),
        "SortOrderV1": .choice(SortOrderV1.self).described(
            "Order of answers in time."),
        "GetDeploymentLogsRequestV1": .object(
            "Which log lines to answer.",
            .optional(
                "start_epoch_millis", .integer.nullable.defaulting(to: .null),
                "Begin of the window, milliseconds since 1970; 30 minutes before its end if absent."),
            .optional(
                "end_epoch_millis", .integer.nullable.defaulting(to: .null),
                "End of the window, milliseconds since 1970; now if absent. A window spans at most 7 days."),
            .optional(
                "direction", .ref("SortOrderV1").nullable.defaulting(to: .null),
                "Oldest or newest line first."),
            .optional(
                "limit", .integer(1...1000).nullable.defaulting(to: .integer(500)), "Most lines to answer."),
            .optional(
                "min_level", .ref("LogLevelV1").nullable.defaulting(to: .null),
                "Lowest severity; given, lines without a severity are left out."),
            .optional(
                "replica", .string(length: 0...256).nullable.defaulting(to: .null),
                "Only lines of this replica."),
            .optional(
                "request_id", .string(length: 0...256).nullable.defaulting(to: .null),
                "Only lines that belong to this request."),
            .optional(
                "component", .string(length: 0...256).nullable.defaulting(to: .null),
                "Only lines of this component."),
            .optional(
                "search_pattern", .string(length: 0...256).nullable.defaulting(to: .null),
                "Regular expression the message must match."),
            .optional(
                "includes", .array(.string, atMost: 8),
                "Texts the message must all contain, letter case counting."),
            .optional(
                "excludes", .array(.string, atMost: 8),
                "Texts the message must not contain, letter case counting."),
            .optional(
                "cursor", .string(length: 0...256).nullable.defaulting(to: .null),
                "The next_cursor of an earlier answer: only what comes after it. An extension of Slipway.")),
        "LogV1": .object(
            "One log line.",
            .required("timestamp", .string, "Nanoseconds since 1970, as decimal text."),
            .required("message", .string, "Text of the line."),
            .required(
                "replica", .string.nullable,
                "The replica that wrote it; null for lines of the build or the platform."),
            .optional(
                "request_id", .string.nullable.defaulting(to: .null), "The request it belongs to, if known."),
            .optional("level", .ref("LogLevelV1").nullable.defaulting(to: .null), "Severity, if known.")),
        "GetLogsResponseV1": .object(
            "The log lines that match a query.",
            .required("logs", .array(.ref("LogV1")), "The lines, in the order asked for."),
            .optional(
                "next_cursor", .string,
                "Where the lines after these are found; absent when there is none to go on from. An extension of Slipway."
            )),
    ]
}
