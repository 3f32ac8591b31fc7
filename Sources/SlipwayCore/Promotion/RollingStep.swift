// One step of a rolling promotion: replicas of the candidate come, traffic follows in proportion to what is really
// ready, replicas of the previous deployment go. Both sides keep at least one replica until the end.

extension Promotion {
    mutating func roll(_ view: PromotionView, total: Int, ready: Int, now: Timestamp) -> PromotionEffect {
        let sides = RollingSides(
            total: total, ready: ready, previousReady: view.previousReady, config: rollout.config)
        switch status {
        case .paused: return hold(sides)
        case .rampingDown: return rollBack(sides, view, now: now)
        default: return rollForward(sides, view, now: now)
        }
    }

    // MARK: Forward

    private mutating func rollForward(
        _ sides: RollingSides, _ view: PromotionView, now: Timestamp
    ) -> PromotionEffect {
        let waiting = wait(for: sides.enough, view, now: now)
        if status.isTerminal { return waiting }
        if sides.ready == 0 {
            rollout.previousTarget = sides.previousTarget(whenReady: 0)
            // Extra replicas of the previous deployment come before the first step.
            let extraIsThere = view.previousReady >= sides.total + sides.extra
            rollout.candidateTarget = extraIsThere ? sides.candidateTarget : 1
            return .none
        }
        if isStabilizing(now) {
            rollout.waitsFor = "Stabilizing for \(rollout.config.stabilizationSeconds) s after the last step."
            return .none
        }
        if sides.ready >= sides.enough { return succeed(at: now) }
        status = .rampingUp
        let kept = max(1, sides.total - sides.ready)
        shift(to: 100 * sides.ready / (sides.ready + kept), now: now)
        rollout.previousTarget = sides.previousTarget(whenReady: sides.ready)
        // With a stabilization time the next replicas come only after it; those that were planned when the previous
        // deployment could not serve are too many now that it can.
        let next = sides.candidateTarget
        rollout.candidateTarget = isStabilizing(now) ? min(next, rollout.candidateTarget ?? next) : next
        return .none
    }

    /// Traffic and shares stay; a growing load adds replicas on both sides by their share.
    private mutating func hold(_ sides: RollingSides) -> PromotionEffect {
        rollout.waitsFor = "Paused at \(rollout.percent) %; resume or cancel it."
        let candidate = max(1, (sides.total * rollout.percent + 50) / 100)
        rollout.candidateTarget = max(candidate, rollout.candidateTarget ?? 1)
        rollout.previousTarget = max(1, sides.total - candidate, rollout.previousTarget ?? 1)
        return .none
    }

    // MARK: Back

    private mutating func rollBack(
        _ sides: RollingSides, _ view: PromotionView, now: Timestamp
    ) -> PromotionEffect {
        let isStuck = noteProgress(view.previousReady, view, now: now)
        if view.previousReady >= sides.total || isStuck && view.previousReady > 0 {
            cancel(at: now)
            return .fallBack
        }
        rollout.waitsFor =
            "Moving back: \(view.previousReady) of \(sides.total) replicas of the previous deployment are ready."
        if isStabilizing(now) { return .none }
        let kept = max(1, sides.total - view.previousReady)
        shift(to: min(rollout.percent, 100 * kept / (kept + view.previousReady)), now: now)
        rollout.previousTarget = min(sides.total, view.previousReady + sides.step)
        rollout.candidateTarget = kept
        return .none
    }

    // MARK: Pace

    private mutating func shift(to percent: Int, now: Timestamp) {
        let percent = min(99, max(1, percent))
        guard percent != rollout.percent else { return }
        rollout.percent = percent
        rollout.shiftedAt = now
        rollout.progressedAt = now
    }

    private func isStabilizing(_ now: Timestamp) -> Bool {
        guard let shifted = rollout.shiftedAt else { return false }
        return now - shifted < .seconds(rollout.config.stabilizationSeconds)
    }
}

/// The two sides of a rolling promotion and the limits they keep.
struct RollingSides {
    /// Replicas that carry the whole load.
    let total: Int
    let ready: Int
    let previousReady: Int
    /// Replicas one step moves: the percentage of the total, rounded up, at least one.
    let step: Int
    /// Extra replicas of the previous deployment during the rollout.
    let extra: Int
    private let surges: Bool

    init(total: Int, ready: Int, previousReady: Int, config: RollingConfig) {
        self.total = total
        self.ready = ready
        self.previousReady = previousReady
        surges = config.maxSurgePercent > 0
        step = max(1, Self.share(surges ? config.maxSurgePercent : config.maxUnavailablePercent, of: total))
        extra = Self.share(config.replicaOverheadPercent, of: total)
    }

    /// Ready replicas of the candidate with which the last of the previous ones may go. Without surge that is one
    /// step short: there would be no room for more.
    var enough: Int { surges ? total : max(1, total - step) }

    /// With surge the candidate runs ahead by one step; otherwise it fills what the previous one has left.
    var candidateTarget: Int {
        surges ? min(total, ready + step) : min(total, max(1, ready, total - previousCore(whenReady: ready)))
    }

    func previousTarget(whenReady ready: Int) -> Int { previousCore(whenReady: ready) + extra }

    private func previousCore(whenReady ready: Int) -> Int {
        if PlantedBug.isPlanted(.rollsTooFast) { return 1 }
        return max(1, total - ready - (surges ? 0 : step))
    }

    private static func share(_ percent: Int, of total: Int) -> Int { (total * percent + 99) / 100 }
}
