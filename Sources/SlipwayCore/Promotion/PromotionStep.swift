// What a running promotion does next, decided anew in every pass from what is stored and what is observed.

/// The candidate as the promotion needs to see it.
public struct CandidateView: Sendable, Equatable {
    public var status: DeploymentStatus
    public var statusReason: String?
    public var readyReplicas: Int
    /// What the machine lacks for another replica, in words; nil when there is room.
    public var shortage: String?

    public init(
        status: DeploymentStatus, statusReason: String?, readyReplicas: Int, shortage: String? = nil
    ) {
        self.status = status
        self.statusReason = statusReason
        self.readyReplicas = readyReplicas
        self.shortage = shortage
    }
}

/// What a step does to the environment.
public enum PromotionEffect: Sendable, Equatable {
    case none
    /// The gate must be asked now, unless that is under way already.
    case runGate
    /// The candidate becomes current; the promotion has succeeded.
    case swap
    /// The promotion has ended and the environment keeps what it had.
    case fallBack
}

extension Promotion {
    /// How many ready replicas carry the environment: as many as its load asks for, within its limits, and
    /// never less than one.
    public static func requiredReplicas(_ autoscaling: AutoscalingSettings, wanted: Int) -> Int {
        max(1, autoscaling.minReplica, min(wanted, autoscaling.maxReplica))
    }

    /// Moves the promotion on by one step.
    public mutating func advance(_ view: PromotionView, now: Timestamp) -> PromotionEffect {
        guard !status.isTerminal else { return .none }
        rollout.waitsFor = nil
        if let reason = failure(of: view.candidate) { return fail(reason, at: now) }
        let ready = view.candidate?.readyReplicas ?? 0
        if rollout.forcesForward, ready > 0 {
            let effect = succeed(at: now)
            if isWatched { rollout.previousTarget = max(1, view.previousReady) }
            return effect
        }
        // Nothing carries the environment now, so there is nothing to exchange step by step.
        let mode = view.previousReady == 0 && rollout.percent == 0 ? .swap : rollout.mode
        let total = Self.requiredReplicas(
            view.environment, wanted: max(view.wantedReplicas, mode == .swap ? view.previousReady : 0))
        if awaitsGate {
            let needed = mode == .rolling ? 1 : total
            rollout.candidateTarget = needed
            if ready >= needed {
                rollout.waitsFor = "The gate is being asked."
                return .runGate
            }
            return wait(for: needed, view, now: now)
        }
        let effect: PromotionEffect
        switch mode {
        case .swap:
            // Also where a rolling one has lost what it rolls away from: then that is not planned for any more.
            rollout.previousTarget = nil
            rollout.candidateTarget = total
            let isReady = ready >= total || PlantedBug.isPlanted(.swapsTooEarly)
            effect = isReady ? succeed(at: now) : wait(for: total, view, now: now)
        case .rampUp: effect = rampUp(view, total: total, ready: ready, now: now)
        case .rolling: effect = roll(view, total: total, ready: ready, now: now)
        }
        if isWatched { rollout.previousTarget = max(1, view.previousReady) }
        return effect
    }

    /// Before the gate has passed, no traffic moves.
    public var awaitsGate: Bool {
        rollout.gate != nil && rollout.gatePassed != true && status == .releasing
    }

    /// Takes what the gate said.
    /// - Parameter problem: why it did not pass; nil when it did.
    public mutating func gateEnded(_ problem: String?, at now: Timestamp) -> PromotionEffect {
        guard !status.isTerminal, rollout.gatePassed != true else { return .none }
        if let problem { return fail("The gate did not pass: \(problem)", at: now) }
        rollout.gatePassed = true
        return .none
    }

    private func failure(of candidate: CandidateView?) -> String? {
        guard let candidate else { return "The candidate deployment was deleted." }
        if candidate.status.isFailure {
            let reason = candidate.statusReason.map { ": \($0)" } ?? ""
            return "Deployment \(candidateID) is \(candidate.status.rawValue)\(reason)"
        }
        return candidate.status == .inactive || candidate.status == .deactivating
            ? "Deployment \(candidateID) was deactivated." : nil
    }

    // MARK: Waiting

    /// Notes when the side that grows last got a ready replica, so that no promotion waits for ever.
    ///
    /// - Parameter ready: its ready replicas.
    /// - Returns: whether nothing has moved for longer than the promotion's patience.
    mutating func noteProgress(_ ready: Int, _ view: PromotionView, now: Timestamp) -> Bool {
        // While it builds the clock of the deploy timeout has not begun.
        if view.candidate?.status == .building {
            rollout.progressedAt = nil
            return false
        }
        if rollout.progressedAt == nil || ready > rollout.readyAtProgress { rollout.progressedAt = now }
        rollout.readyAtProgress = ready
        guard let progressed = rollout.progressedAt else { return false }
        return now - progressed > .seconds(view.patienceSeconds + rollout.config.stabilizationSeconds)
    }

    /// Waits for ready replicas of the candidate, and fails when none has come for too long.
    mutating func wait(for needed: Int, _ view: PromotionView, now: Timestamp) -> PromotionEffect {
        let ready = view.candidate?.readyReplicas ?? 0
        let isStuck = noteProgress(ready, view, now: now)
        let reason =
            view.candidate?.shortage.map { ": waiting for \($0)." }
            ?? view.candidate?.statusReason.map { ": \($0)" } ?? "."
        guard isStuck else {
            rollout.waitsFor =
                "\(ready) of \(needed) replicas of deployment \(candidateID) are ready\(reason)"
            return .none
        }
        let have = ready == 0 ? "No replica" : "No more than \(ready) of \(needed) replicas"
        return fail(
            "\(have) of deployment \(candidateID) became ready within \(view.patienceSeconds) s\(reason)",
            at: now)
    }

    // MARK: Ends

    mutating func succeed(at now: Timestamp) -> PromotionEffect {
        status = .succeeded
        rollout.percent = 100
        if let watch = rollout.watch, let previousID, previousID != candidateID {
            rollout.watchUntil = now + .seconds(watch.durationSeconds)
        }
        return end(at: now, .swap)
    }

    mutating func fail(_ reason: String, at now: Timestamp) -> PromotionEffect {
        status = .failed
        errorMessage = reason
        rollout.percent = 0
        return end(at: now, .fallBack)
    }

    /// Ends the promotion at once with all traffic on the previous deployment.
    public mutating func cancel(at now: Timestamp) {
        status = .canceled
        rollout.percent = 0
        _ = end(at: now, .fallBack)
    }

    private mutating func end(at now: Timestamp, _ effect: PromotionEffect) -> PromotionEffect {
        rollout.candidateTarget = nil
        rollout.previousTarget = nil
        rollout.waitsFor = nil
        endedAt = now
        return effect
    }

    // MARK: Ramp-up

    private static let rampStages = 10

    private mutating func rampUp(
        _ view: PromotionView, total: Int, ready: Int, now: Timestamp
    ) -> PromotionEffect {
        rollout.candidateTarget = total
        if status == .releasing {
            guard ready >= total else { return wait(for: total, view, now: now) }
            status = .rampingUp
            rollout.shiftedAt = now
        }
        guard let began = rollout.shiftedAt else { return .none }
        rollout.waitsFor = "Traffic moves in \(Self.rampStages) stages over \(rollout.rampUpSeconds) s."
        let stage = Duration.seconds(rollout.rampUpSeconds) / Self.rampStages
        let passed = stage > .zero ? Int((now - began) / stage) : Self.rampStages
        rollout.percent = min(100, (passed + 1) * 100 / Self.rampStages)
        return rollout.percent >= 100 ? succeed(at: now) : .none
    }
}
