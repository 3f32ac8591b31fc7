// When a replica counts as unhealthy and is ended, by the thresholds of its config.

import SlipwayTruss
import Testing

@testable import SlipwayLocalEngine

@Suite struct HealthJudgeTests {
    private func thresholds(_ change: (inout HealthChecks) -> Void) -> HealthJudge {
        var checks = HealthChecks()
        change(&checks)
        return HealthJudge(checks)
    }

    private func checks(
        ready: Bool?, alive: Bool? = nil, been: Bool = true, age: Int = 1000, at seconds: Int
    ) -> HealthJudge.Checks {
        HealthJudge.Checks(
            isReady: ready, isAlive: alive ?? ready, hasBeenReady: been, sinceStart: .seconds(age),
            now: .seconds(seconds))
    }

    @Test("a start that takes longer than its threshold is ended; a check that cannot be asked says nothing")
    func startup() {
        var judge = thresholds { $0.startupThreshold = 10 }
        #expect(judge.judge(checks(ready: false, been: false, age: 9, at: 9)) == .fine)
        #expect(judge.judge(checks(ready: true, been: false, age: 11, at: 11)) == .fine)
        guard case .end(let reason) = judge.judge(checks(ready: false, been: false, age: 10, at: 10)) else {
            Issue.record("not ended")
            return
        }
        #expect(reason.contains("startup_threshold_seconds"))
        var none = HealthJudge(nil)
        #expect(none.judge(checks(ready: false, been: false, age: 100_000, at: 1)) == .fine)
    }

    @Test("without thresholds three failures in a row make a replica unhealthy, and it is never ended")
    func habit() {
        var judge = HealthJudge(nil)
        #expect(judge.judge(checks(ready: false, at: 0)) == .fine)
        #expect(judge.judge(checks(ready: nil, at: 1)) == .fine)
        #expect(judge.judge(checks(ready: false, at: 2)) == .fine)
        #expect(judge.judge(checks(ready: false, at: 4)) == .unhealthy)
        #expect(judge.judge(checks(ready: false, at: 40_000)) == .unhealthy)
        #expect(judge.judge(checks(ready: true, at: 40_001)) == .fine)
    }

    @Test("traffic stops after its threshold of failing checks, counted from the first one")
    func traffic() {
        var judge = thresholds { $0.stopTrafficThreshold = 30 }
        for second in stride(from: 0, to: 30, by: 2) {
            #expect(judge.judge(checks(ready: false, at: second)) == .fine)
        }
        #expect(judge.judge(checks(ready: false, at: 30)) == .unhealthy)
        #expect(judge.judge(checks(ready: true, at: 31)) == .fine)
        #expect(judge.judge(checks(ready: false, at: 32)) == .fine)
    }

    @Test("a replica that does not live is ended after its threshold, not before the delay since its start")
    func restart() {
        var judge = thresholds { ($0.restartThreshold, $0.restartDelay) = (10, 60) }
        #expect(judge.judge(checks(ready: true, alive: false, age: 40, at: 40)) == .fine)
        #expect(judge.judge(checks(ready: true, alive: false, age: 55, at: 55)) == .fine)
        var other = judge
        #expect(other.judge(checks(ready: true, alive: true, age: 59, at: 59)) == .fine)
        #expect(other.judge(checks(ready: true, alive: false, age: 61, at: 61)) == .fine)
        guard case .end(let reason) = judge.judge(checks(ready: true, alive: false, age: 60, at: 60)) else {
            Issue.record("not ended")
            return
        }
        #expect(reason.contains("restart_threshold_seconds"))
    }
}
