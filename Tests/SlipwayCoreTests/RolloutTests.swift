// Rolling promotions played against replicas that start, die and hang, from seeds.

import SlipwayCore
import Testing

@Suite struct RolloutTests {
    /// A world of replicas that follows the targets with delays drawn from a seed.
    struct Play {
        var promotion: Promotion
        var now = Timestamp(microseconds: 0)
        var ready = 0
        var previousReady: Int
        var wanted: Int
        var settings: AutoscalingSettings
        var random: Seeded
        var hangs = false
        /// Chance in percent that a ready replica of either side dies in a second.
        var deaths = 0

        init(
            total: Int, config: RollingConfig, seed: UInt64, settings: AutoscalingSettings? = nil
        ) {
            self.settings = settings ?? AutoscalingSettings(minReplica: total, maxReplica: total)
            previousReady = total
            wanted = total
            random = Seeded(state: seed)
            promotion = Promotion(
                id: "p1".id(), modelID: "m1".id(), environment: "production", candidateID: "new0001".id(),
                previousID: "old0001".id(), scaleDownPrevious: true, candidateIsCopy: true,
                createdAt: Timestamp(microseconds: 0),
                rollout: Rollout(
                    settings: PromotionSettings(rollingDeploy: true, rolling: config), mode: .rolling))
        }

        /// One second: replicas come and go towards the targets, then the promotion decides.
        mutating func second() -> PromotionEffect {
            now = now + .seconds(1)
            if let target = promotion.rollout.candidateTarget {
                if ready > target { ready = target }
                if !hangs, ready < target, random.chance(40) { ready += 1 }
            }
            if let target = promotion.rollout.previousTarget {
                if previousReady > target { previousReady = target }
                if previousReady < target, random.chance(60) { previousReady += 1 }
            }
            if random.chance(deaths), ready > 1 { ready -= 1 }
            if random.chance(deaths), previousReady > 1 { previousReady -= 1 }
            return promotion.advance(
                PromotionView(
                    candidate: CandidateView(
                        status: ready > 0 ? .active : .loadingModel, statusReason: nil, readyReplicas: ready),
                    previousReady: previousReady, wantedReplicas: wanted, environment: settings,
                    patienceSeconds: 120), now: now)
        }

        /// Until it ends; at most `limit` seconds.
        mutating func run(_ limit: Int, _ check: (Play) -> Void = { _ in }) -> PromotionEffect {
            for _ in 0..<limit {
                let effect = second()
                check(self)
                if effect != .none { return effect }
            }
            return .none
        }
    }

    static let configs: [RollingConfig] = [
        .init(maxSurgePercent: 10), .init(maxSurgePercent: 25), .init(maxSurgePercent: 50),
        .init(maxSurgePercent: 0, maxUnavailablePercent: 10),
        .init(maxSurgePercent: 0, maxUnavailablePercent: 50),
        .init(maxSurgePercent: 25, stabilizationSeconds: 15),
        .init(maxSurgePercent: 25, replicaOverheadPercent: 50),
    ]

    @Test(
        "it ends in success; targets stay within the surge, both sides keep a replica, shares only grow",
        arguments: configs, [1, 2, 3, 7, 10, 40])
    func invariants(config: RollingConfig, total: Int) {
        for seed in 1...20 {
            var play = Play(total: total, config: config, seed: UInt64(seed))
            let percent = max(config.maxSurgePercent, config.maxUnavailablePercent)
            let step = max(1, (total * percent + 99) / 100)
            let extra = (total * config.replicaOverheadPercent + 99) / 100
            var share = 0
            let effect = play.run(5000) { play in
                let rollout = play.promotion.rollout
                guard !play.promotion.status.isTerminal else { return }
                let (candidate, previous) = (rollout.candidateTarget ?? 0, rollout.previousTarget ?? total)
                #expect(candidate >= 1 && previous >= 1)
                // Without surge one more replica is unavoidable when a side would otherwise be empty.
                let room = config.maxSurgePercent > 0 ? step : 1
                #expect(candidate + previous <= total + room + extra, "\(candidate) + \(previous)")
                #expect(rollout.percent >= share && rollout.percent < 100)
                share = rollout.percent
                if config.maxUnavailablePercent > 0 {
                    #expect(play.ready + play.previousReady >= total - step)
                }
            }
            #expect(effect == .swap && play.promotion.status == .succeeded)
            #expect(play.promotion.rollout.percent == 100)
        }
    }

    @Test("replicas that die on the way do not stop it", arguments: configs)
    func deaths(config: RollingConfig) {
        for seed in 1...20 {
            var play = Play(total: 8, config: config, seed: UInt64(seed))
            play.deaths = 3
            #expect(play.run(20_000) == .swap)
        }
    }

    @Test("it moves no further than what is really ready, and fails when nothing becomes ready in time")
    func hang() {
        var play = Play(total: 8, config: .init(maxSurgePercent: 50), seed: 7)
        while play.ready < 2 { _ = play.second() }
        play.hangs = true
        var least = Int.max
        let effect = play.run(1000) { least = min(least, $0.previousReady) }
        #expect(effect == .fallBack && play.promotion.status == .failed)
        #expect(least == 8 - play.ready)
        #expect(play.promotion.rollout.percent == 0)
        #expect(play.promotion.errorMessage?.contains("120 s") == true)
    }

    @Test("each shift of traffic is followed by the stabilization time")
    func stabilization() {
        var play = Play(total: 4, config: .init(maxSurgePercent: 25, stabilizationSeconds: 30), seed: 3)
        var shifts: [Timestamp] = []
        var share = 0
        #expect(
            play.run(5000) { play in
                if play.promotion.rollout.percent != share { shifts.append(play.now) }
                share = play.promotion.rollout.percent
            } == .swap)
        #expect(shifts.count >= 4)
        for (one, next) in zip(shifts, shifts.dropFirst()) { #expect(next - one >= .seconds(30)) }
    }

    @Test("paused it keeps its share and follows the load; resumed it goes on to the end")
    func pause() throws {
        let settings = AutoscalingSettings(minReplica: 1, maxReplica: 20)
        var play = Play(total: 8, config: .init(maxSurgePercent: 25), seed: 5, settings: settings)
        while play.promotion.rollout.percent < 40 { _ = play.second() }
        try play.promotion.take(.pause, now: play.now)
        let share = play.promotion.rollout.percent
        play.wanted = 16
        #expect(play.run(200) == .none)
        #expect(play.promotion.status == .paused && play.promotion.rollout.percent == share)
        #expect(play.ready + play.previousReady >= 16)
        #expect(throws: SettingProblem.self) {
            var done = play.promotion
            done.status = .releasing
            try done.take(.resume, now: play.now)
        }
        try play.promotion.take(.resume, now: play.now)
        #expect(play.run(5000) == .swap)
    }

    @Test("cancelled it moves back in steps and ends CANCELED with everything on the previous side")
    func cancel() throws {
        for seed in 1...20 {
            var play = Play(total: 8, config: .init(maxSurgePercent: 25), seed: UInt64(seed))
            while play.promotion.rollout.percent < 50 { _ = play.second() }
            try play.promotion.take(.cancel, now: play.now)
            #expect(play.promotion.status == .rampingDown)
            var share = 100
            let effect = play.run(5000) { play in
                #expect(play.promotion.rollout.percent <= share)
                share = play.promotion.rollout.percent
            }
            #expect(effect == .fallBack && play.promotion.status == .canceled && play.previousReady == 8)
        }
    }

    @Test("before traffic has moved, and where nothing rolls, cancel ends it at once")
    func cancelEarly() throws {
        var play = Play(total: 8, config: .init(maxSurgePercent: 25), seed: 1)
        try play.promotion.take(.cancel, now: play.now)
        #expect(play.promotion.status == .canceled && play.promotion.endedAt == play.now)
        #expect(play.second() == .none)
    }

    @Test("force roll forward ends it at the next step, also while it is paused or going back")
    func forceForward() throws {
        for status in [PromotionStatus.rampingUp, .paused, .rampingDown] {
            var play = Play(total: 8, config: .init(maxSurgePercent: 25), seed: 9)
            while play.promotion.rollout.percent < 30 { _ = play.second() }
            play.promotion.status = status
            try play.promotion.take(.forceRollForward, now: play.now)
            #expect(play.second() == .swap)
        }
    }

    @Test("force cancel puts all traffic back at once")
    func forceCancel() throws {
        var play = Play(total: 8, config: .init(maxSurgePercent: 25), seed: 9)
        while play.promotion.rollout.percent < 30 { _ = play.second() }
        try play.promotion.take(.forceCancel, now: play.now)
        #expect(play.promotion.status == .canceled && play.promotion.rollout.percent == 0)
    }

    @Test(
        "what is rolled away from may be lost and come back: both sides together stay within the limits",
        arguments: configs)
    func lostAndBack(config: RollingConfig) {
        for (total, seed) in (1...6).flatMap({ total in (1...40).map { (total, UInt64($0)) } }) {
            var play = Play(total: total, config: config, seed: seed)
            func share(_ percent: Int) -> Int { (percent * total + 99) / 100 }
            let step = max(1, share(max(config.maxSurgePercent, config.maxUnavailablePercent)))
            for second in 1...200 {
                if second < 20, play.random.chance(25) { play.previousReady = 0 }
                if second < 40, play.random.chance(25) { play.previousReady = total }
                let effect = play.second()
                let rollout = play.promotion.rollout
                let planned = (rollout.candidateTarget ?? 0) + (rollout.previousTarget ?? 0)
                // One more: either side keeps at least one replica.
                #expect(
                    planned <= total + step + share(config.replicaOverheadPercent) + 1,
                    "\(total) \(seed) \(second)")
                if effect != .none { break }
            }
        }
    }

    @Test("an environment that sleeps has nothing to roll: the candidate takes over when it is ready")
    func sleeping() {
        var play = Play(
            total: 1, config: .init(maxSurgePercent: 25), seed: 2, settings: AutoscalingSettings())
        play.previousReady = 0
        play.wanted = 0
        #expect(play.run(100) == .swap)
        #expect(play.previousReady == 0)
    }

    @Test("settings that contradict each other are refused by the merged rule")
    func settings() throws {
        func change(_ surge: Int?, _ unavailable: Int?) -> PromotionSettingsChange {
            var change = PromotionSettingsChange()
            change.maxSurgePercent = surge
            change.maxUnavailablePercent = unavailable
            return change
        }
        let stored = PromotionSettings()
        #expect(try stored.applying(change(nil, 25)).rolling.maxSurgePercent == 0)
        let unavailable = try stored.applying(change(nil, 25))
        #expect(try unavailable.applying(change(20, nil)).rolling.maxUnavailablePercent == 0)
        for (surge, less) in [(0, 0), (10, 10), (51, 0), (-1, 0), (0, 51)] {
            #expect(throws: SettingProblem.self) { try stored.applying(change(surge, less)) }
        }
        #expect(throws: SettingProblem.self) { try stored.applying(change(0, nil)) }
    }
}

/// SplitMix64: the same numbers from the same seed everywhere.
struct Seeded: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    mutating func chance(_ percent: Int) -> Bool { Int.random(in: 0..<100, using: &self) < percent }
}
