// Reading metrics of deployments and environments.

import SlipwayCore
import SlipwayStore

/// What to measure, and how its values are put together.
public struct MetricsQuery: Sendable {
    public enum Mode: Sendable {
        /// The gauges of now; counts and distributions of the minute under way and the one before.
        case current
        /// One value set over the window.
        case summary(MetricsWindow)
        /// Evenly spaced value sets over the window.
        case series(MetricsWindow)
    }

    public var mode: Mode
    public var metrics: [Metric]

    public init(mode: Mode, metrics: [Metric]) {
        self.mode = mode
        self.metrics = metrics
    }
}

public struct MetricsAnswer: Sendable {
    public struct Point: Sendable {
        public var start: Timestamp
        /// By metric, by label set.
        public var values: [[Double?]]
    }

    public var window: MetricsWindow
    /// Seconds; nil but for series.
    public var step: Int64?
    public var metrics: [(metric: Metric, labelSets: [MetricLabels])]
    public var points: [Point]
}

extension ControlPlane {
    /// - Throws: `ControlError.notFound`.
    public func metrics(
        of id: DeploymentID, model: ModelID, _ query: MetricsQuery
    ) async throws -> MetricsAnswer {
        _ = try await store.read { try $0.existing(.id(id), of: model) }
        return try await answer(query, [ServingSpan(deploymentID: id, start: nil, end: nil)], splitAt: [])
    }

    /// Of every deployment the environment had in the window; a series has a point of its own at each promotion.
    /// - Throws: `ControlError.notFound`.
    public func environmentMetrics(
        _ name: String, of model: ModelID, _ query: MetricsQuery
    ) async throws -> MetricsAnswer {
        let (promotions, spans) = try await store.read { db in
            _ = try db.existing(model)
            return try db.history(of: db.existing(name, of: model))
        }
        let splits = promotions.filter { $0.status == .succeeded }.compactMap(\.endedAt)
        return try await answer(query, spans, splitAt: splits)
    }

    private func answer(
        _ query: MetricsQuery, _ spans: [ServingSpan], splitAt splits: [Timestamp]
    ) async throws -> MetricsAnswer {
        let window: MetricsWindow
        var starts: [Timestamp]
        var step: Int64?
        var gauges: [DeploymentID: [DeploymentGauge: Double]]?
        switch query.mode {
        case .current:
            window = MetricsWindow(start: now.minute + .seconds(-60), end: now)
            starts = [window.start]
            gauges = await metrics.reading().gauges
        case .summary(let asked):
            window = asked.alignedToMinutes
            starts = [window.start]
        case .series(let asked):
            window = asked.alignedToMinutes
            starts = window.steps(splitAt: splits)
            step = window.stepSeconds
        }
        var samples = try await samples(in: spans, window, starts)
        if let gauges {
            let serving = Set(spans.filter { $0.overlaps(window.end, window.end) }.map(\.deploymentID))
            samples[0] = (samples[0] ?? MetricsSample()).showing(
                gauges.filter { serving.contains($0.key) }.map(\.value))
        }
        let described = query.metrics.map { ($0, $0.labelSets(in: samples.compactMap(\.self))) }
        return MetricsAnswer(
            window: window, step: step, metrics: described,
            points: zip(starts, samples).map { start, sample in
                MetricsAnswer.Point(
                    start: start, values: described.map { $0.0.values(in: sample, labelSets: $0.1) })
            })
    }

    /// One sample per step, nil where nothing was measured.
    private func samples(
        in spans: [ServingSpan], _ window: MetricsWindow, _ starts: [Timestamp]
    ) async throws -> [MetricsSample?] {
        var steps = [MetricsSample?](repeating: nil, count: starts.count)
        let relevant = Dictionary(
            grouping: spans.filter { $0.overlaps(window.start, window.end) }, by: \.deploymentID)
        for (id, spans) in relevant {
            var stored = try await store.read { try $0.samples(of: id, from: window.start, to: window.end) }
            if let open = await metrics.openSample(of: id), open.minute < window.end { stored.append(open) }
            var mine = [MetricsSample?](repeating: nil, count: starts.count)
            for entry in stored
            where spans.contains(where: { $0.overlaps(entry.minute, entry.minute + .seconds(60)) }) {
                guard let step = starts.lastIndex(where: { $0 <= entry.minute }) else { continue }
                var sample = mine[step] ?? MetricsSample()
                sample.extend(by: entry.sample)
                mine[step] = sample
            }
            for (step, sample) in mine.enumerated() {
                guard let sample else { continue }
                var sum = steps[step] ?? MetricsSample()
                sum.add(sample)
                steps[step] = sum
            }
        }
        return steps
    }
}

extension StoreReader {
    /// The promotions into the environment, oldest first, and which deployments they had it send requests to.
    func history(of environment: Environment) throws -> ([Promotion], [ServingSpan]) {
        let promotions =
            try promotions(into: environment.name, of: environment.modelID, limit: 1000)
            .reversed() as [Promotion]
        return (
            promotions,
            EnvironmentHistory.spans(promotions: promotions, current: environment.currentDeploymentID)
        )
    }
}

extension MetricsWindow {
    /// Samples are a minute long: the window begins with one.
    fileprivate var alignedToMinutes: MetricsWindow { MetricsWindow(start: start.minute, end: end) }
}

extension MetricsSample {
    /// The same counts with the sum of other readings.
    fileprivate func showing(_ readings: [[DeploymentGauge: Double]]) -> MetricsSample {
        var sample = self
        sample.gauges = [:]
        for gauge in DeploymentGauge.allCases {
            let values = readings.compactMap { $0[gauge] }
            if !values.isEmpty { sample.read(gauge, values.reduce(0, +)) }
        }
        return sample
    }
}
