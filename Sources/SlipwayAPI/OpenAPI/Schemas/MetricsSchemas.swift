// OpenAPI schemas of the documents in Documents/Metrics.swift; OpenAPIDocument collects them.

extension Schema {
    static let metrics: [String: Schema] = [
        "ModelMetricModeV1": .choice(ModelMetricModeV1.self).described("How values are put together."),
        "ModelMetricKindV1": .choice(ModelMetricKindV1.self).described("How a metric behaves."),
        "ModelMetricUnitHintV1": .choice(ModelMetricUnitHintV1.self).described("What a metric counts in."),
        "ModelMetricDescriptorV1": .object(
            "One metric and its series.",
            .required("name", .string, "Name of the metric."),
            .required("unit_hint", .ref("ModelMetricUnitHintV1"), "What it counts in."),
            .required("kind", .ref("ModelMetricKindV1"), "How it behaves."),
            .required(
                "label_sets", .array(.map(of: .string)),
                "The labels of each series: none for a plain metric, a status class, a quantile or `stat`.")),
        "ModelMetricValueSetV1": .object(
            "The values of one step.",
            .required("start_epoch_millis", .integer, "When the step begins, milliseconds since 1970."),
            .required(
                "values", .array(.array(.number.nullable)),
                "By metric, by label set; null where nothing was measured.")),
        "GetModelMetricsResponseV1": .object(
            "Metrics over a window.",
            .required("start_epoch_millis", .integer, "Begin of the window; a full minute."),
            .required("end_epoch_millis", .integer, "End of the window."),
            .required("mode", .ref("ModelMetricModeV1"), "How values were put together."),
            .required("step_seconds", .integer.nullable, "Seconds per step of a series, else null."),
            .required(
                "metric_descriptors", .array(.ref("ModelMetricDescriptorV1")), "The metrics, in order."),
            .required("metric_values", .array(.ref("ModelMetricValueSetV1")), "The values, oldest first.")),
    ]
}
