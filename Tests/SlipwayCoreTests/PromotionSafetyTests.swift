// Gates before a promotion and watches after it.

import SlipwayCore
import Testing

@Suite struct PromotionSafetyTests {
    private func promotion(_ mode: RolloutMode, _ settings: PromotionSettings) -> Promotion {
        Promotion(
            id: "p1".id(), modelID: "m1".id(), environment: "production", candidateID: "new0001".id(),
            previousID: "old0001".id(), scaleDownPrevious: true, candidateIsCopy: true,
            createdAt: Timestamp(microseconds: 0), rollout: Rollout(settings: settings, mode: mode))
    }

    private func view(ready: Int, previous: Int = 2) -> PromotionView {
        PromotionView(
            candidate: CandidateView(status: .active, statusReason: nil, readyReplicas: ready),
            previousReady: previous, wantedReplicas: 2,
            environment: AutoscalingSettings(minReplica: 2, maxReplica: 2), patienceSeconds: 60)
    }

    @Test(
        "no traffic moves before the gate has passed, in any mode",
        arguments: [RolloutMode.swap, .rampUp, .rolling])
    func gateHolds(_ mode: RolloutMode) {
        let gate = PromotionGate(url: "https://example.com/gate")
        var promotion = promotion(mode, PromotionSettings(gate: gate))
        let early = promotion.advance(view(ready: 0), now: Timestamp(microseconds: 1))
        #expect(early == PromotionEffect.none)
        for second: Int64 in 1...5 {
            let effect = promotion.advance(view(ready: 2), now: Timestamp(microseconds: second * 1_000_000))
            #expect(effect == .runGate)
            #expect(promotion.rollout.percent == 0)
            #expect(promotion.status == .releasing)
        }
        let passed = promotion.gateEnded(nil, at: Timestamp(microseconds: 6_000_000))
        #expect(passed == PromotionEffect.none)
        let next = promotion.advance(view(ready: 2), now: Timestamp(microseconds: 7_000_000))
        #expect(next != .runGate)
        #expect(promotion.rollout.percent > 0 || promotion.status == .succeeded)
    }

    @Test func aGateThatSaysNoFailsThePromotionWithItsReason() {
        var promotion = promotion(.swap, PromotionSettings(gate: PromotionGate(command: "check")))
        let effect = promotion.gateEnded("check ended with code 3.", at: Timestamp(microseconds: 5))
        #expect(effect == .fallBack)
        #expect(promotion.status == .failed)
        #expect(promotion.errorMessage == "The gate did not pass: check ended with code 3.")
        #expect(promotion.endedAt == Timestamp(microseconds: 5))
        let late = promotion.gateEnded(nil, at: Timestamp(microseconds: 6))
        #expect(late == PromotionEffect.none)
        #expect(promotion.status == .failed)
    }

    @Test func forcingForwardDoesNotAskTheGate() throws {
        var promotion = promotion(.rolling, PromotionSettings(gate: PromotionGate(command: "check")))
        try promotion.take(.forceRollForward, now: Timestamp(microseconds: 1))
        let effect = promotion.advance(view(ready: 1), now: Timestamp(microseconds: 2))
        #expect(effect == .swap)
    }

    private func watched(_ watch: PromotionWatch) -> Promotion {
        var promotion = promotion(.swap, PromotionSettings(watch: watch))
        let effect = promotion.advance(view(ready: 2), now: Timestamp(microseconds: 0))
        #expect(effect == .swap)
        return promotion
    }

    @Test func theWayBackStaysOpenForTheTimeOfTheWatch() {
        let promotion = watched(PromotionWatch(durationSeconds: 60))
        #expect(promotion.rollout.watchUntil == Timestamp(microseconds: 60_000_000))
        #expect(promotion.rollout.previousTarget == 2)
        var ended = promotion
        ended.endWatch(note: "over")
        #expect(!ended.isWatched && ended.rollout.previousTarget == nil && ended.rollout.note == "over")
    }

    @Test func withoutAPreviousDeploymentThereIsNothingToWatch() {
        var promotion = promotion(.swap, PromotionSettings(watch: PromotionWatch()))
        promotion.previousID = nil
        _ = promotion.advance(view(ready: 2), now: Timestamp(microseconds: 0))
        #expect(promotion.status == .succeeded && !promotion.isWatched)
    }

    @Test(
        "what a watch makes of what it sees",
        arguments: [
            (DeploymentStatus.active, true, 0, 0, 10, WatchVerdict.goOn),
            (.active, true, 100, 5, 10, .goOn),
            (.active, true, 19, 19, 10, .goOn),
            (.scaledToZero, true, 0, 0, 10, .goOn),
            (.active, true, 100, 5, 60, .keep),
            (.active, false, 100, 100, 10, .keep),
            (.inactive, true, 100, 100, 10, .keep),
            (.deactivating, true, 100, 100, 10, .keep),
            (
                .active, true, 100, 6, 10,
                .giveBack(
                    reason: "6 of 100 predictions of deployment new0001 failed, more than 5 %.")
            ),
            (
                .unhealthy, true, 0, 0, 60,
                .giveBack(reason: "Deployment new0001 became UNHEALTHY: it died")
            ),
            (
                .deployFailed, true, 0, 0, 10,
                .giveBack(reason: "Deployment new0001 became DEPLOY_FAILED: it died")
            ),
        ] as [(DeploymentStatus, Bool, Int, Int, Int64, WatchVerdict)])
    func verdicts(
        _ status: DeploymentStatus, _ hasWayBack: Bool, _ requests: Int, _ failures: Int, _ second: Int64,
        _ expected: WatchVerdict
    ) {
        let promotion = watched(PromotionWatch(durationSeconds: 60, maxErrorPercent: 5, minRequests: 20))
        let verdict = promotion.judge(
            WatchView(
                candidate: CandidateView(status: status, statusReason: "it died", readyReplicas: 0),
                hasWayBack: hasWayBack, requests: requests, failures: failures),
            now: Timestamp(microseconds: second * 1_000_000))
        #expect(verdict == expected)
    }

    @Test func withoutABoundErrorsAloneBringNothingBack() {
        let promotion = watched(PromotionWatch(durationSeconds: 60))
        let verdict = promotion.judge(
            WatchView(
                candidate: CandidateView(status: .active, statusReason: nil, readyReplicas: 1),
                hasWayBack: true, requests: 1000, failures: 1000), now: Timestamp(microseconds: 1))
        #expect(verdict == .goOn)
    }

    @Test(
        "settings out of range are refused by name",
        arguments: [
            (PromotionGate(), nil, "gate"),
            (PromotionGate(url: "https://a.b", command: "c"), nil, "gate"),
            (PromotionGate(url: "http://example.com"), nil, "gate.url"),
            (PromotionGate(url: "https://169.254.169.254/x"), nil, "gate.url"),
            (PromotionGate(command: "../../bin/sh"), nil, "gate.command"),
            (PromotionGate(command: "a", timeoutSeconds: 0), nil, "gate.timeout_seconds"),
            (nil, PromotionWatch(durationSeconds: 9), "watch.duration_seconds"),
            (nil, PromotionWatch(maxErrorPercent: 101), "watch.max_error_percent"),
            (nil, PromotionWatch(minRequests: 0), "watch.min_requests"),
        ] as [(PromotionGate?, PromotionWatch?, String)])
    func badSettings(_ gate: PromotionGate?, _ watch: PromotionWatch?, _ name: String) {
        var change = PromotionSettingsChange()
        if let gate { change.gate = .set(gate) }
        if let watch { change.watch = .set(watch) }
        #expect {
            try PromotionSettings().applying(change)
        } throws: { error in
            "\(error)".contains("slipway.\(name)")
        }
    }

    @Test func nullTurnsOffAndAbsenceKeeps() throws {
        let stored = PromotionSettings(gate: PromotionGate(command: "a"), watch: PromotionWatch())
        var change = PromotionSettingsChange()
        change.gate = .removed
        let after = try stored.applying(change)
        #expect(after.gate == nil && after.watch == stored.watch)
    }
}
