// OpenAPI operations of metrics; OpenAPIDocument collects them.

extension APIOperation {
    static let metrics: [APIOperation] = [
        .management(
            .get, "/v1/models/{model_id}/deployments/{deployment_id}/metrics", "getDeploymentMetrics",
            "Measures a deployment.", query: metricsQuery, answers: "GetModelMetricsResponseV1"),
        .management(
            .get, "/v1/models/{model_id}/environments/{env_name}/metrics", "getEnvironmentMetrics",
            "Measures the deployments an environment had.", query: metricsQuery,
            answers: "GetModelMetricsResponseV1"),
    ]

    private static let metricsQuery = [
        Query(
            "mode", .ref("ModelMetricModeV1").nullable.defaulting(to: "CURRENT"),
            "How values are put together. CURRENT takes no window."),
        Query(
            "start_epoch_millis", .integer.nullable.defaulting(to: .null),
            "Begin of the window, milliseconds since 1970; an hour before its end if absent."),
        Query(
            "end_epoch_millis", .integer.nullable.defaulting(to: .null),
            "End of the window, milliseconds since 1970; now if absent. A window spans at most 7 days."),
        Query("metrics", .array(.string, atMost: 100), "Names of the metrics; absent for the usual three."),
    ]
}
