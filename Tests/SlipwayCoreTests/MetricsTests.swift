import Foundation
import Testing

@testable import SlipwayCore

@Suite struct ValueHistogramTests {
    @Test func quantilesAreWithinSixPercent() {
        var random = Seeded(state: 7)
        for _ in 0..<50 {
            var histogram = ValueHistogram()
            let scale = UInt64.random(in: 10...10_000_000, using: &random)
            let values = (0..<2000).map { _ in UInt64.random(in: 1...scale, using: &random) }.sorted()
            for value in values { histogram.record(value) }
            for q in [0.01, 0.5, 0.9, 0.95, 0.99, 1] {
                let exact = Double(values[max(0, Int(q * 2000) - 1)])
                let found = histogram.quantile(q) ?? -1
                #expect(abs(found - exact) <= max(2, exact * 0.13), "\(q) of \(scale): \(found) for \(exact)")
            }
            #expect(histogram.mean == Double(values.reduce(0, +)) / 2000)
        }
    }

    @Test func countsBelowPowersOfTwoAreExact() {
        var histogram = ValueHistogram()
        for value: UInt64 in [0, 7, 8, 1023, 1024, 1025, .max] { histogram.record(value) }
        #expect(histogram.count(belowPowerOfTwo: 3) == 2)
        #expect(histogram.count(belowPowerOfTwo: 10) == 4)
        #expect(histogram.count(belowPowerOfTwo: 11) == 6)
        #expect(histogram.count == 7)
        #expect(ValueHistogram().quantile(0.5) == nil)
        #expect(ValueHistogram().mean == nil)
    }

    @Test func histogramsAddUpAndSurviveBeingWritten() throws {
        var (one, other, both) = (ValueHistogram(), ValueHistogram(), ValueHistogram())
        for value: UInt64 in [1, 5_000, 70] {
            one.record(value)
            both.record(value)
        }
        for value: UInt64 in [9_000_000_000] {
            other.record(value)
            both.record(value)
        }
        one += other
        #expect(one == both)
        let written = try JSONEncoder().encode(both)
        #expect(try JSONDecoder().decode(ValueHistogram.self, from: written) == both)
    }
}

@Suite struct MetricsSampleTests {
    private func sample(status: Int, ms: Int, active: Double) -> MetricsSample {
        var sample = MetricsSample()
        sample.traffic.record(
            EndedRequest(
                kind: RequestKind(status: status, isAsync: false), duration: .milliseconds(ms),
                firstByte: .milliseconds(1), requestBytes: 10, responseBytes: 20))
        sample.read(.replicasActive, active)
        return sample
    }

    @Test func gaugesAverageOverTimeAndAddUpAcrossDeployments() {
        var later = sample(status: 200, ms: 4, active: 1)
        later.extend(by: sample(status: 500, ms: 8, active: 3))
        #expect(later.gauges[.replicasActive]?.mean == 2)
        later.add(sample(status: 200, ms: 16, active: 5))
        #expect(later.gauges[.replicasActive]?.mean == 7)
        #expect(later.traffic.tallies.values.map(\.count).reduce(0, +) == 3)
    }

    @Test func valuesFollowTheLabelSets() throws {
        var all = sample(status: 200, ms: 100, active: 1)
        all.extend(by: sample(status: 404, ms: 100, active: 1))
        all.extend(by: sample(status: 302, ms: 100, active: 1))
        let labels = Metric.requests.labelSets(in: [all])
        #expect(labels == [["status": "2xx"], ["status": "3xx"], ["status": "4xx"], ["status": "5xx"]])
        #expect(Metric.requests.values(in: all, labelSets: labels) == [1, 1, 1, 0])
        #expect(Metric.requests.values(in: nil, labelSets: labels) == [nil, nil, nil, nil])
        let quantiles = Metric.responseTime.labelSets(in: [all])
        #expect(quantiles.last == ["stat": "avg"])
        let values = Metric.responseTime.values(in: all, labelSets: quantiles)
        #expect(values.count == 5)
        for value in values { #expect(abs(try #require(value) - 0.1) < 0.01) }
        #expect(Metric.webhookLatency.values(in: all, labelSets: quantiles) == [nil, nil, nil, nil, nil])
        #expect(Metric.restarts.values(in: all, labelSets: [[:]]) == [0])
        #expect(Metric.replicasActive.values(in: all, labelSets: [[:]]) == [1])
    }
}

@Suite struct MetricsWindowTests {
    @Test(arguments: [(60, 60), (3600, 60), (7200, 120), (6 * 3600, 600), (86400, 1800), (7 * 86400, 10800)])
    func stepsGrowWithTheWindow(_ seconds: Int64, _ step: Int64) {
        let window = MetricsWindow(
            start: Timestamp(microseconds: 0), end: Timestamp(microseconds: seconds * 1_000_000))
        #expect(window.stepSeconds == step)
        #expect(window.steps().count == Int((seconds + step - 1) / step))
    }

    @Test func aSeriesIsSplitAtMomentsWithin() {
        let window = MetricsWindow(start: .minute(0), end: .minute(4))
        let steps = MetricsWindow(start: .minute(0), end: .minute(240)).steps(splitAt: [
            .minute(-5), Timestamp(microseconds: 7 * 60_000_000 + 5), .minute(240),
        ])
        #expect(window.steps() == [.minute(0), .minute(1), .minute(2), .minute(3)])
        #expect(steps.contains(.minute(7)))
        #expect(steps.count == 49)
    }
}

@Suite struct EnvironmentHistoryTests {
    private func promotion(
        _ candidate: String, over previous: String?, at minute: Int64, until end: Int64?,
        _ status: PromotionStatus
    ) -> Promotion {
        var promotion = Promotion(
            id: PromotionID("p\(minute)"), modelID: ModelID("m"), environment: "production",
            candidateID: DeploymentID(candidate), previousID: previous.map { DeploymentID($0) },
            scaleDownPrevious: true, candidateIsCopy: false, createdAt: .minute(minute))
        promotion.status = status
        promotion.endedAt = end.map { .minute($0) }
        return promotion
    }

    @Test func bothSidesServeWhileAPromotionRuns() {
        let spans = EnvironmentHistory.spans(
            promotions: [
                promotion("b", over: "a", at: 10, until: 12, .succeeded),
                promotion("c", over: "b", at: 20, until: 21, .failed),
                promotion("d", over: "b", at: 30, until: nil, .rampingUp),
            ], current: DeploymentID("b"))
        #expect(
            spans == [
                ServingSpan(deploymentID: DeploymentID("a"), start: nil, end: .minute(12)),
                ServingSpan(deploymentID: DeploymentID("c"), start: .minute(20), end: .minute(21)),
                ServingSpan(deploymentID: DeploymentID("d"), start: .minute(30), end: nil),
                ServingSpan(deploymentID: DeploymentID("b"), start: .minute(10), end: nil),
            ])
        #expect(spans[0].overlaps(.minute(11), .minute(13)))
        #expect(!spans[0].overlaps(.minute(12), .minute(13)))
        #expect(!spans[2].overlaps(.minute(1), .minute(30)))
    }

    @Test func withoutAPromotionTheCurrentDeploymentAlwaysServed() {
        #expect(
            EnvironmentHistory.spans(promotions: [], current: DeploymentID("a")) == [
                ServingSpan(deploymentID: DeploymentID("a"), start: nil, end: nil)
            ])
        #expect(EnvironmentHistory.spans(promotions: [], current: nil).isEmpty)
    }
}

extension Timestamp {
    fileprivate static func minute(_ minute: Int64) -> Timestamp {
        Timestamp(microseconds: minute * 60_000_000)
    }
}
