// The metrics that can be asked for by name (behaviour.md section 10; names, kinds and units are those of the
// service's page of supported metrics, but for those that begin with `slipway_`, which are ours).

public enum MetricKind: String, Sendable {
    case gauge = "GAUGE", counter = "COUNTER", histogram = "HISTOGRAM"
}

public enum MetricUnit: String, Sendable {
    case seconds = "SECONDS"
    case bytes = "BYTES"
    case count = "COUNT"
}

/// Labels of one series of a metric.
public typealias MetricLabels = [String: String]

public enum Metric: String, Sendable, CaseIterable {
    case replicasActive = "baseten_replicas_active"
    case replicasStarting = "baseten_replicas_starting"
    case replicasDesired = "baseten_replicas_desired"
    case requests = "baseten_inference_requests_total"
    case responseTime = "baseten_end_to_end_response_time_seconds"
    case timeToFirstByte = "baseten_time_to_first_byte_seconds"
    case requestSize = "baseten_request_size_bytes"
    case responseSize = "baseten_response_size_bytes"
    case concurrentRequests = "baseten_concurrent_requests"
    case asyncQueueSize = "baseten_async_queue_size"
    case asyncQueueTime = "baseten_time_in_async_queue_seconds"
    case webhookRequests = "baseten_async_webhook_requests_total"
    case webhookLatency = "baseten_async_webhook_latency_seconds"
    case cpuSeconds = "baseten_container_cpu_usage_seconds_total"
    case memory = "baseten_container_cpu_memory_working_set_bytes"
    case restarts = "baseten_container_restarts_total"
    case tokensInFlight = "slipway_tokens_in_flight"

    /// Answered when no metric is named.
    public static let standard: [Metric] = [.replicasActive, .requests, .responseTime]

    /// Documented names of what no deployment here has: left out of answers, where an unknown name is an error.
    public static let knownElsewhere: Set<String> = [
        "baseten_pod_readiness", "baseten_ongoing_websocket_connections",
        "baseten_gpu_memory_used", "baseten_gpu_utilization",
        "baseten_llm_input_tokens_total", "baseten_llm_output_tokens_total",
        "baseten_llm_input_tokens_per_request", "baseten_llm_output_tokens_per_request",
        "baseten_llm_tokens_per_second_per_request", "baseten_llm_kv_cache_hit_rate",
        "baseten_llm_spec_decode_num_accepted_tokens_total",
        "baseten_llm_spec_decode_num_draft_tokens_total",
        "baseten_llm_in_flight_tokens", "baseten_llm_avg_in_flight_tokens", "baseten_llm_num_requests",
    ]

    /// Where a metric's values come from.
    public enum Source: Sendable {
        case gauge(DeploymentGauge)
        case counter(DeploymentCounter)
        case timing(DeploymentTiming)
        case requests
        case request(KeyPath<RequestTally, ValueHistogram> & Sendable, scale: Double)
    }

    public var source: Source {
        switch self {
        case .replicasActive: .gauge(.replicasActive)
        case .replicasStarting: .gauge(.replicasStarting)
        case .replicasDesired: .gauge(.replicasDesired)
        case .concurrentRequests: .gauge(.concurrentRequests)
        case .asyncQueueSize: .gauge(.asyncQueueSize)
        case .memory: .gauge(.memoryBytes)
        case .tokensInFlight: .gauge(.tokensInFlight)
        case .cpuSeconds: .counter(.cpuSeconds)
        case .restarts: .counter(.restarts)
        case .webhookRequests: .counter(.webhookRequests)
        case .asyncQueueTime: .timing(.asyncQueueTime)
        case .webhookLatency: .timing(.webhookLatency)
        case .requests: .requests
        case .responseTime: .request(\.duration, scale: 1e-6)
        case .timeToFirstByte: .request(\.firstByte, scale: 1e-6)
        case .requestSize: .request(\.requestBytes, scale: 1)
        case .responseSize: .request(\.responseBytes, scale: 1)
        }
    }

    public var kind: MetricKind {
        switch source {
        case .gauge: .gauge
        case .counter, .requests: .counter
        case .timing, .request: .histogram
        }
    }

    public var unit: MetricUnit {
        switch self {
        case .responseTime, .timeToFirstByte, .asyncQueueTime, .webhookLatency, .cpuSeconds: .seconds
        case .requestSize, .responseSize, .memory: .bytes
        default: .count
        }
    }

    /// One line for people.
    public var help: String {
        switch self {
        case .replicasActive: "Replicas that are ready to serve."
        case .replicasStarting: "Replicas that wait for resources or load the model."
        case .replicasDesired: "Replicas the autoscaler wants."
        case .requests: "Predictions that have ended."
        case .responseTime: "Seconds from the arrival of a request to the end of its answer."
        case .timeToFirstByte: "Seconds from the arrival of a request to the head of its answer."
        case .requestSize: "Bytes of request bodies."
        case .responseSize: "Bytes of answer bodies."
        case .concurrentRequests: "Predictions under way, those that wait for a replica included."
        case .asyncQueueSize: "Asynchronous predictions that wait for their first attempt."
        case .asyncQueueTime: "Seconds asynchronous predictions waited for their first attempt."
        case .webhookRequests: "Deliveries of asynchronous results that were tried."
        case .webhookLatency: "Seconds a delivery took."
        case .cpuSeconds: "Core-seconds a replica has used."
        case .memory: "Resident bytes of a replica."
        case .restarts: "Replicas that ended by themselves."
        case .tokensInFlight:
            "Tokens of the predictions under way, prompts and what was streamed so far, where target_in_flight_tokens is set."
        }
    }
}

// MARK: Values of a sample

extension Metric {
    private static let quantiles: [(label: String, value: Double)] = [
        ("0.5", 0.5), ("0.9", 0.9), ("0.95", 0.95), ("0.99", 0.99),
    ]
    private static let usualClasses: Set<Int> = [2, 4, 5]

    /// The series of this metric in `samples`, in the order of `values`.
    public func labelSets(in samples: some Sequence<MetricsSample>) -> [MetricLabels] {
        switch source {
        case .gauge, .counter: [[:]]
        case .requests:
            Self.statusClasses(in: samples).map { ["status": "\($0)xx"] }
        case .timing, .request:
            Self.quantiles.map { ["quantile": $0.label] } + [["stat": "avg"]]
        }
    }

    /// One value per label set; nil where nothing was measured.
    public func values(in sample: MetricsSample?, labelSets: [MetricLabels]) -> [Double?] {
        guard let sample else { return labelSets.map { _ in nil } }
        switch source {
        case .gauge(let gauge): return [sample.gauges[gauge]?.mean]
        case .counter(let counter): return [sample.counters[counter] ?? 0]
        case .requests:
            return labelSets.map { labels in
                sample.traffic.tallies.reduce(0) { sum, entry in
                    "\(entry.key.status / 100)xx" == labels["status"] ? sum + Double(entry.value.count) : sum
                }
            }
        case .timing(let timing):
            return Self.distribution(sample.timings[timing] ?? ValueHistogram(), scale: 1e-6)
        case .request(let path, let scale):
            var all = ValueHistogram()
            for tally in sample.traffic.tallies.values { all += tally[keyPath: path] }
            return Self.distribution(all, scale: scale)
        }
    }

    private static func distribution(_ histogram: ValueHistogram, scale: Double) -> [Double?] {
        quantiles.map { histogram.quantile($0.value).map { $0 * scale } }
            + [histogram.mean.map { $0 * scale }]
    }

    private static func statusClasses(in samples: some Sequence<MetricsSample>) -> [Int] {
        samples.reduce(into: usualClasses) { classes, sample in
            classes.formUnion(sample.traffic.tallies.keys.map { $0.status / 100 })
        }.sorted()
    }
}
