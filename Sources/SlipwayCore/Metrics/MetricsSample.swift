// What was measured of one deployment over a span of time. Samples of neighbouring spans, and of deployments that
// serve one environment, can be put together.

/// A value that was read several times.
public struct GaugeReadings: Sendable, Equatable, Codable {
    public private(set) var sum: Double = 0
    public private(set) var readings = 0

    public init() {}

    public mutating func read(_ value: Double) {
        sum += value
        readings += 1
    }

    /// Nil before the first reading.
    public var mean: Double? { readings == 0 ? nil : sum / Double(readings) }

    /// Of the same gauge in another span.
    mutating func extend(by later: GaugeReadings) {
        sum += later.sum
        readings += later.readings
    }

    /// The mean of a sum is the sum of the means; the number of readings stays that of the fuller one.
    mutating func add(_ beside: GaugeReadings) {
        let total = (mean ?? 0) + (beside.mean ?? 0)
        readings = max(readings, beside.readings)
        sum = total * Double(readings)
    }
}

/// Gauges of a deployment.
public enum DeploymentGauge: String, Sendable, Hashable, Codable, CaseIterable {
    case replicasActive, replicasStarting, replicasDesired, concurrentRequests, asyncQueueSize, memoryBytes
    /// Only of deployments for which tokens are counted.
    case tokensInFlight
}

/// Counters of a deployment beside its predictions.
public enum DeploymentCounter: String, Sendable, Hashable, Codable, CaseIterable {
    case cpuSeconds, restarts, webhookRequests
}

/// Distributions of a deployment beside its predictions; times in microseconds.
public enum DeploymentTiming: String, Sendable, Hashable, Codable, CaseIterable {
    case asyncQueueTime, webhookLatency
}

public struct MetricsSample: Sendable, Equatable, Codable {
    public var traffic = Traffic()
    public var gauges: [DeploymentGauge: GaugeReadings] = [:]
    public var counters: [DeploymentCounter: Double] = [:]
    public var timings: [DeploymentTiming: ValueHistogram] = [:]

    public init() {}

    public mutating func read(_ gauge: DeploymentGauge, _ value: Double) {
        gauges[gauge, default: GaugeReadings()].read(value)
    }

    public mutating func count(_ counter: DeploymentCounter, _ amount: Double) {
        counters[counter, default: 0] += amount
    }

    public mutating func time(_ timing: DeploymentTiming, _ duration: Duration) {
        timings[timing, default: ValueHistogram()].record(duration.wholeMicroseconds)
    }

    /// Puts the sample of a later span of the same deployment behind this one.
    public mutating func extend(by later: MetricsSample) {
        for (gauge, readings) in later.gauges {
            gauges[gauge, default: GaugeReadings()].extend(by: readings)
        }
        addCounts(of: later)
    }

    /// Adds another deployment's sample of the same span.
    public mutating func add(_ beside: MetricsSample) {
        for (gauge, readings) in beside.gauges {
            gauges[gauge, default: GaugeReadings()].add(readings)
        }
        addCounts(of: beside)
    }

    private mutating func addCounts(of other: MetricsSample) {
        traffic += other.traffic
        for (counter, amount) in other.counters { count(counter, amount) }
        for (timing, histogram) in other.timings { timings[timing, default: ValueHistogram()] += histogram }
    }
}
