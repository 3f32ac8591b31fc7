// All metrics of all deployments as the families of a Prometheus exposition (behaviour.md section 10).

import SlipwayCore
import SlipwayEngine
import SlipwayPrometheus
import SlipwayStore

extension ControlPlane {
    /// - Parameter models: nil for all.
    public func exportedMetrics(of models: Set<ModelID>?) async throws -> [MetricFamily] {
        let reading = await metrics.reading()
        let ids = reading.deployments
        let labelled = try await store.read { db in
            let promotions = try db.runningPromotions()
            // Of what was never called and has no replica there is nothing to tell, however much of it there is.
            return try ids.compactMap { try db.deployment($0) }
                .filter { models?.contains($0.modelID) ?? true }
                .oldestFirst
                .map { deployment in
                    LabelledDeployment(
                        deployment, modelName: try db.model(deployment.modelID)?.name ?? "",
                        try db.environments(of: deployment.modelID), promotions)
                }
        }
        return Metric.allCases.map { MetricsExport(reading: reading, deployments: labelled).family(of: $0) }
    }
}

/// A deployment and the labels of its samples.
private struct LabelledDeployment: Sendable {
    let id: DeploymentID
    let labels: [MetricFamily.Label]

    init(
        _ deployment: Deployment, modelName: String, _ environments: [Environment], _ promotions: [Promotion]
    ) {
        id = deployment.id
        let environment = Environment.name(for: deployment.id, among: environments, promotions) ?? ""
        let isPromoting = promotions.contains { $0.candidateID == deployment.id }
        let phase = environment.isEmpty ? "" : isPromoting ? "promoting" : "stable"
        labels = [
            .init("model_id", deployment.modelID.text), .init("model_name", modelName),
            .init("deployment_id", deployment.id.text), .init("environment", environment),
            .init("rollout_phase", phase),
        ]
    }
}

private struct MetricsExport {
    let reading: MetricsReading
    let deployments: [LabelledDeployment]

    func family(of metric: Metric) -> MetricFamily {
        var family = MetricFamily(metric.rawValue, kind(of: metric), help: metric.help)
        for deployment in deployments {
            let total = reading.totals[deployment.id]
            switch metric.source {
            case .gauge(.memoryBytes):
                addPerReplica(deployment, to: &family) { Double($0.memoryBytes) }
            case .counter(.cpuSeconds):
                addPerReplica(deployment, to: &family, \.cpuSeconds)
            case .gauge(let gauge):
                guard let value = reading.gauges[deployment.id]?[gauge] else { continue }
                family.add(value, deployment.labels)
            case .counter(let counter):
                guard let value = total?.counters[counter] else { continue }
                family.add(value, deployment.labels)
            case .timing(let timing):
                guard let histogram = total?.timings[timing] else { continue }
                add(histogram, scale: 1e-6, deployment.labels, to: &family)
            case .requests:
                for (labels, tally) in tallies(of: deployment) { family.add(Double(tally.count), labels) }
            case .request(let path, let scale):
                for (labels, tally) in tallies(of: deployment) where tally[keyPath: path].count > 0 {
                    add(tally[keyPath: path], scale: scale, labels, to: &family)
                }
            }
        }
        return family
    }

    private func kind(of metric: Metric) -> MetricFamily.Kind {
        switch metric.kind {
        case .gauge: .gauge
        case .counter: .counter
        case .histogram: .histogram
        }
    }

    private func addPerReplica(
        _ deployment: LabelledDeployment, to family: inout MetricFamily,
        _ value: (ReplicaUsage) -> Double
    ) {
        for replica in reading.census[deployment.id]?.replicas.sorted() ?? [] {
            guard let usage = reading.usage[replica] else { continue }
            family.add(value(usage), deployment.labels + [.init("replica", replica.text)])
        }
    }

    private func tallies(
        of deployment: LabelledDeployment
    ) -> [(labels: [MetricFamily.Label], tally: RequestTally)] {
        (reading.totals[deployment.id]?.traffic.tallies ?? [:])
            .sorted { ($0.key.status, $0.key.isAsync ? 1 : 0) < ($1.key.status, $1.key.isAsync ? 1 : 0) }
            .map { kind, tally in
                (
                    deployment.labels + [
                        .init("status_code", "\(kind.status)"), .init("is_async", "\(kind.isAsync)"),
                    ], tally
                )
            }
    }

    /// Buckets end at powers of two: from 1 ms to 36 min for times, from 64 B to 4 GiB for sizes.
    private func add(
        _ histogram: ValueHistogram, scale: Double, _ labels: [MetricFamily.Label],
        to family: inout MetricFamily
    ) {
        let exponents =
            scale == 1 ? stride(from: 6, through: 32, by: 2) : stride(from: 10, through: 31, by: 1)
        family.add(
            buckets: exponents.map { exponent in
                (Double(UInt64(1) << UInt64(exponent)) * scale, histogram.count(belowPowerOfTwo: exponent))
            }, sum: histogram.sum * scale, count: histogram.count, labels)
    }
}
