// OpenAPI operations of logs; OpenAPIDocument collects them.

extension APIOperation {
    static let logs: [APIOperation] = [
        .management(
            .get, "/v1/models/{model_id}/deployments/{deployment_id}/logs", "getDeploymentLogs",
            "Reads log lines of a deployment.",
            query: logQuery,
            answers: "GetLogsResponseV1"),
        .management(
            .post, "/v1/models/{model_id}/deployments/{deployment_id}/logs", "queryDeploymentLogs",
            "Reads log lines of a deployment; the GET form is preferred.",
            takes: "GetDeploymentLogsRequestV1",
            answers: "GetLogsResponseV1"),
        .management(
            .get, "/v1/models/{model_id}/environments/{env_name}/logs", "getEnvironmentLogs",
            "Reads log lines of the deployments an environment served.",
            query: logQuery,
            answers: "GetLogsResponseV1"),
    ]

    /// The query parameters of the GET forms, same as the members of GetDeploymentLogsRequestV1.
    private static let logQuery = [
        Query(
            "start_epoch_millis", .integer.nullable.defaulting(to: .null),
            "Begin of the window, milliseconds since 1970."),
        Query(
            "end_epoch_millis", .integer.nullable.defaulting(to: .null),
            "End of the window, milliseconds since 1970."),
        Query(
            "direction", .ref("SortOrderV1").nullable.defaulting(to: .null), "Oldest or newest line first."),
        Query("limit", .integer(1...1000).nullable.defaulting(to: 500), "Most lines to answer."),
        Query("min_level", .ref("LogLevelV1").nullable.defaulting(to: .null), "Lowest severity."),
        Query(
            "replica", .string(length: 0...256).nullable.defaulting(to: .null), "Only lines of this replica."),
        Query(
            "request_id", .string(length: 0...256).nullable.defaulting(to: .null),
            "Only lines of this request."),
        Query(
            "component", .string(length: 0...256).nullable.defaulting(to: .null),
            "Only lines of this component."),
        Query(
            "search_pattern", .string(length: 0...256).nullable.defaulting(to: .null),
            "Regular expression the message must match."),
        Query("includes", .array(.string, atMost: 8), "Texts the message must all contain."),
        Query("excludes", .array(.string, atMost: 8), "Texts the message must not contain."),
        Query(
            "cursor", .string(length: 0...256).nullable.defaulting(to: .null),
            "The next_cursor of an earlier answer: only what comes after it. An extension of Slipway."),
    ]
}
