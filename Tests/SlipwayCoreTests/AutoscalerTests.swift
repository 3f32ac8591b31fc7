// The formula, the pace and the window of the autoscaler.

import SlipwayCore
import Testing

@Suite struct AutoscalerTests {
    let begin = Timestamp(microseconds: 1_000_000_000)

    @Test(
        "the number of replicas is the load by what one replica takes, rounded up, within the limits",
        arguments: [
            (25.0, 10, 70, 0, 100, 4), (7, 10, 70, 0, 100, 1), (7.0001, 10, 70, 0, 100, 2),
            (0, 1, 70, 0, 5, 1), (0, 1, 70, 3, 5, 3), (1000, 1, 70, 0, 5, 5), (1e300, 1, 1, 0, 1000, 1000),
            (0.7, 1, 70, 0, 10, 1), (2.1, 1, 70, 0, 10, 3), (2.11, 1, 70, 0, 10, 4),
        ] as [(Double, Int, Int, Int, Int, Int)])
    func formula(load: Double, target: Int, utilization: Int, least: Int, most: Int, expected: Int) {
        let settings = AutoscalingSettings(
            minReplica: least, maxReplica: most, concurrencyTarget: target,
            targetUtilizationPercentage: utilization)
        #expect(Autoscaler.replicas(for: load, settings) == expected)
    }

    @Test(
        "with a target for tokens, the larger of what requests and tokens call for wins",
        arguments: [
            (1.0, 999.0, 1000, 1), (1, 1001, 1000, 2), (14, 1001, 1000, 2), (14.1, 1001, 1000, 3),
            (0, 1e300, 1, 9), (0, 0, Int(Int32.max), 1), (1, 5000, nil, 1),
        ] as [(Double, Double, Int?, Int)])
    func tokens(load: Double, tokens: Double, target: Int?, expected: Int) {
        let settings = AutoscalingSettings(
            maxReplica: 9, concurrencyTarget: 10, targetUtilizationPercentage: 70,
            targetInFlightTokens: target)
        #expect(Autoscaler.replicas(for: load, tokens: tokens, settings) == expected)
    }

    @Test("a decision says which of requests and tokens called for the size, up and down")
    func words() {
        let settings = AutoscalingSettings(
            maxReplica: 9, scaleDownDelay: 0, concurrencyTarget: 10, targetUtilizationPercentage: 100,
            targetInFlightTokens: 1000)
        var state = AutoscalerState(target: 1)
        func reason(_ load: Double, _ tokens: Double) -> String? {
            Autoscaler.decide(&state, load: load, tokens: tokens, settings, now: begin)?.reason
        }
        #expect(
            reason(4, 2500)
                == "2500.0 tokens in flight on average over 60 s, where a replica takes 1000, within 0 to 9 replicas; 4.0 requests call for 1"
        )
        #expect(
            reason(50, 2500)
                == "50.0 requests in flight on average over 60 s, where a replica takes 10 × 100 %, within 0 to 9 replicas; 2500.0 tokens call for 3"
        )
        #expect(reason(0, 3500)?.hasPrefix("3500.0 tokens in flight") == true)
        #expect(reason(0, .greatestFiniteMagnitude)?.contains("tokens in flight") == true)
    }

    @Test(
        "more replicas come at the next decision; fewer only after the whole delay, by the rate, step by step"
    )
    func pace() {
        let settings = AutoscalingSettings(
            maxReplica: 8, scaleDownDelay: 60, maxScaleDownRate: 50, concurrencyTarget: 1,
            targetUtilizationPercentage: 100)
        var state = AutoscalerState(target: 1)
        let up = Autoscaler.decide(&state, load: 8, settings, now: begin)
        #expect(up?.from == 1 && up?.to == 8)
        #expect(up?.reason.contains("8.0 requests") == true)
        var targets: [Int] = []
        var changes: [Int] = []
        for second in stride(from: 2, through: 400, by: 2) {
            if Autoscaler.decide(&state, load: 0, settings, now: begin + .seconds(second)) != nil {
                changes.append(second)
                targets.append(state.target)
            }
        }
        #expect(targets == [4, 2, 1])
        #expect(changes == [62, 122, 182])
    }

    @Test("traffic that comes back starts the delay anew")
    func reset() {
        let settings = AutoscalingSettings(
            maxReplica: 8, scaleDownDelay: 60, concurrencyTarget: 1, targetUtilizationPercentage: 100)
        var state = AutoscalerState(target: 4)
        for second in stride(from: 0, through: 58, by: 2) {
            #expect(Autoscaler.decide(&state, load: 1, settings, now: begin + .seconds(second)) == nil)
        }
        _ = Autoscaler.decide(&state, load: 4, settings, now: begin + .seconds(60))
        for second in stride(from: 62, through: 120, by: 2) {
            #expect(Autoscaler.decide(&state, load: 1, settings, now: begin + .seconds(second)) == nil)
        }
        #expect(Autoscaler.decide(&state, load: 1, settings, now: begin + .seconds(122))?.to == 2)
    }

    @Test("without a delay replicas leave at once; a lower maximum holds at once")
    func immediate() {
        var settings = AutoscalingSettings(maxReplica: 10, scaleDownDelay: 0, maxScaleDownRate: 10)
        var state = AutoscalerState(target: 10)
        #expect(Autoscaler.decide(&state, load: 0, settings, now: begin)?.to == 9)
        settings.maxReplica = 3
        settings.scaleDownDelay = 3600
        #expect(Autoscaler.decide(&state, load: 0, settings, now: begin)?.to == 3)
    }

    @Test("the average over the window is exact wherever the readings fall")
    func window() {
        var history = LoadHistory(since: begin)
        // Ten requests at once from second 5 to 15, read at odd moments.
        let readings = [(1, 0.0), (3, 0), (7, 20), (14, 90), (20, 100), (33, 100)]
        let averages = readings.map { second, total in
            history.note(total, at: begin + .seconds(second), window: 20)
            return history.average(window: 20)
        }
        // The last window begins at 13, between the readings at 7 and 14: 80 request-seconds by then.
        #expect(averages == [0, 0, 20.0 / 7, 90.0 / 14, 5, 1])
    }

    @Test("a history forgets what lies before its window and never goes backwards")
    func forgets() {
        var history = LoadHistory(since: begin)
        for second in 1...1000 {
            history.note(Double(second * 3), at: begin + .seconds(second), window: 60)
            history.note(Double(second * 3), at: begin + .seconds(second - 1), window: 60)
        }
        #expect(history.average(window: 60) == 3)
        #expect(history.average(window: 10) == 3)
    }

    @Test("a sleeping deployment's first seconds of load count in full")
    func short() {
        var history = LoadHistory(since: begin)
        history.note(20, at: begin + .seconds(2), window: 60)
        #expect(history.average(window: 60) == 10)
    }

    @Test("load after a rest is not spread over the rest")
    func rest() {
        var history = LoadHistory(since: begin)
        history.note(100, at: begin + .seconds(10), window: 60)
        history.note(
            104, at: begin + .seconds(1002), restingUntil: begin + .seconds(1000), window: 60)
        #expect(history.average(window: 60) == 4.0 / 60)
        #expect(history.average(window: 10) == 4.0 / 10)
        #expect(history.average(window: 2) == 2)
    }

    @Test("settings out of range are refused by name and change nothing")
    func refused() {
        let bad: [(field: String, change: (inout AutoscalingChange) -> Void)] = [
            ("min_replica", { $0.minReplica = -1 }), ("min_replica", { $0.minReplica = 2 }),
            ("max_replica", { $0.maxReplica = 0 }), ("autoscaling_window", { $0.autoscalingWindow = 9 }),
            ("autoscaling_window", { $0.autoscalingWindow = 3601 }),
            ("scale_down_delay", { $0.scaleDownDelay = 3601 }),
            ("max_scale_down_rate", { $0.maxScaleDownRate = 51 }),
            ("max_scale_down_rate", { $0.maxScaleDownRate = 0 }),
            ("concurrency_target", { $0.concurrencyTarget = 0 }),
            ("target_utilization_percentage", { $0.targetUtilizationPercentage = 101 }),
            ("target_in_flight_tokens", { $0.targetInFlightTokens = 0 }),
        ]
        for (field, change) in bad {
            var wanted = AutoscalingChange()
            change(&wanted)
            let problem = #expect(throws: SettingProblem.self) {
                try AutoscalingSettings().applying(wanted)
            }
            #expect(problem?.description.contains(field) == true)
        }
    }

    @Test("a development deployment keeps its limits and may change the rest")
    func development() throws {
        var change = AutoscalingChange()
        change.concurrencyTarget = 5
        #expect(try AutoscalingSettings().applying(change, isDevelopment: true).concurrencyTarget == 5)
        change.maxReplica = 2
        #expect(throws: SettingProblem.self) {
            try AutoscalingSettings().applying(change, isDevelopment: true)
        }
    }
}
