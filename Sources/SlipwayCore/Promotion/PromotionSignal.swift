// What a user may ask of a running promotion (behaviour.md section 3.6).

public enum PromotionSignal: String, Sendable, CaseIterable {
    case cancel = "GRACEFUL_CANCEL"
    case forceCancel = "FORCE_CANCEL"
    case pause = "PAUSE"
    case resume = "RESUME"
    case forceRollForward = "FORCE_ROLL_FORWARD"
}

extension Promotion {
    /// Takes a signal; the next step acts on it. The same signal sent twice is a success.
    /// - Throws: `SettingProblem` saying why it does not fit what runs.
    public mutating func take(_ signal: PromotionSignal, now: Timestamp) throws(SettingProblem) {
        let isRolling = rollout.mode == .rolling
        switch signal {
        case .cancel:
            if status == .rampingDown { return }
            // Before traffic has moved there is nothing to move back.
            guard isRolling, rollout.percent > 0 else { return cancel(at: now) }
            status = .rampingDown
            rollout.forcesForward = false
            rollout.progressedAt = now
        case .forceCancel: cancel(at: now)
        case .pause:
            if status == .paused { return }
            guard isRolling, status == .rampingUp else { throw refusal("paused") }
            status = .paused
        case .resume:
            if isRolling, status == .rampingUp { return }
            guard status == .paused else { throw refusal("resumed") }
            status = .rampingUp
            rollout.progressedAt = now
        case .forceRollForward:
            if status == .paused || status == .rampingDown { status = .rampingUp }
            rollout.forcesForward = true
        }
    }

    private func refusal(_ verb: String) -> SettingProblem {
        let kind = rollout.mode == .rolling ? "rolling" : "non-rolling"
        return SettingProblem(
            "The \(kind) promotion to \(environment) is \(status.rawValue) and cannot be \(verb).")
    }
}
