// Documents about metrics: what to measure, and values by metric, label set and step.

/// How values are put together.
public enum ModelMetricModeV1: String, Codable, Sendable, CaseIterable {
    case current = "CURRENT"
    case summary = "SUMMARY"
    case series = "SERIES"
}

/// How a metric behaves.
public enum ModelMetricKindV1: String, Codable, Sendable, CaseIterable {
    case gauge = "GAUGE"
    case counter = "COUNTER"
    case histogram = "HISTOGRAM"
}

/// What a metric counts in.
public enum ModelMetricUnitHintV1: String, Codable, Sendable, CaseIterable {
    case perSecond = "PER_SECOND"
    case seconds = "SECONDS"
    case bytes = "BYTES"
    case mebibytes = "MEBIBYTES"
    case count = "COUNT"
    case ratio = "RATIO"
}

/// Which metrics to answer.
public struct GetMetricsRequestV1: WireRequest {
    public var mode: ModelMetricModeV1
    /// Milliseconds since 1970.
    public var startEpochMillis: Int?
    /// Milliseconds since 1970.
    public var endEpochMillis: Int?
    /// Names; empty for the usual ones.
    public var metrics: [String]

    public init(reading members: MemberReader) throws(BadRequest) {
        mode = try members.optionalChoice("mode", as: ModelMetricModeV1.self) ?? .current
        startEpochMillis = try members.optionalInteger("start_epoch_millis")
        endEpochMillis = try members.optionalInteger("end_epoch_millis")
        metrics = try members.optionalStrings("metrics", atMost: 100) ?? []
    }

    /// Reads the query parameters.
    ///
    /// - Throws: `BadRequest` naming the parameter that is wrong.
    public init(query: [(name: String, value: String)]) throws(BadRequest) {
        self = try RequestDecoder.decode(
            Self.self, fromQuery: query, integers: ["start_epoch_millis", "end_epoch_millis"],
            lists: ["metrics"])
    }
}

/// One metric and its series.
public struct ModelMetricDescriptorV1: Codable, Sendable, Equatable {
    public var name: String
    public var unitHint: ModelMetricUnitHintV1
    public var kind: ModelMetricKindV1
    /// The labels of each series.
    public var labelSets: [[String: String]]

    public init(
        name: String, unitHint: ModelMetricUnitHintV1, kind: ModelMetricKindV1, labelSets: [[String: String]]
    ) {
        self.name = name
        self.unitHint = unitHint
        self.kind = kind
        self.labelSets = labelSets
    }

    enum CodingKeys: String, CodingKey {
        case name, kind
        case unitHint = "unit_hint"
        case labelSets = "label_sets"
    }
}

/// The values of one step.
public struct ModelMetricValueSetV1: Codable, Sendable, Equatable {
    /// When the step begins, milliseconds since 1970.
    public var startEpochMillis: Int64
    /// By metric, by label set; null where nothing was measured.
    public var values: [[Double?]]

    public init(startEpochMillis: Int64, values: [[Double?]]) {
        self.startEpochMillis = startEpochMillis
        self.values = values
    }

    enum CodingKeys: String, CodingKey {
        case startEpochMillis = "start_epoch_millis"
        case values
    }
}

/// Metrics over a window.
public struct GetModelMetricsResponseV1: Codable, Sendable, Equatable {
    public var startEpochMillis: Int64
    public var endEpochMillis: Int64
    public var mode: ModelMetricModeV1
    /// Null but for series.
    @Nullable public var stepSeconds: Int64?
    public var metricDescriptors: [ModelMetricDescriptorV1]
    public var metricValues: [ModelMetricValueSetV1]

    public init(
        startEpochMillis: Int64, endEpochMillis: Int64, mode: ModelMetricModeV1, stepSeconds: Int64?,
        metricDescriptors: [ModelMetricDescriptorV1], metricValues: [ModelMetricValueSetV1]
    ) {
        self.startEpochMillis = startEpochMillis
        self.endEpochMillis = endEpochMillis
        self.mode = mode
        self.stepSeconds = stepSeconds
        self.metricDescriptors = metricDescriptors
        self.metricValues = metricValues
    }

    enum CodingKeys: String, CodingKey {
        case mode
        case startEpochMillis = "start_epoch_millis"
        case endEpochMillis = "end_epoch_millis"
        case stepSeconds = "step_seconds"
        case metricDescriptors = "metric_descriptors"
        case metricValues = "metric_values"
    }
}
