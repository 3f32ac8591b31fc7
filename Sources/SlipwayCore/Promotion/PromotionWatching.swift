// After a promotion: whether the new deployment is kept or the previous one comes back.

/// What is seen of a promotion that has succeeded.
public struct WatchView: Sendable, Equatable {
    /// Nil when the deployment is gone.
    public var candidate: CandidateView?
    /// The previous deployment could serve.
    public var hasWayBack: Bool
    /// Predictions the new deployment has answered since it took over, as far as this process has seen.
    public var requests: Int
    /// Of these, the ones that ended with a status of 500 or above.
    public var failures: Int

    public init(candidate: CandidateView?, hasWayBack: Bool, requests: Int, failures: Int) {
        self.candidate = candidate
        self.hasWayBack = hasWayBack
        self.requests = requests
        self.failures = failures
    }
}

public enum WatchVerdict: Sendable, Equatable {
    case goOn
    /// The watch is over and the new deployment stays.
    case keep
    /// The previous deployment serves again.
    case giveBack(reason: String)
}

extension Promotion {
    public var isWatched: Bool { rollout.watchUntil != nil }

    public func judge(_ view: WatchView, now: Timestamp) -> WatchVerdict {
        guard let until = rollout.watchUntil, let watch = rollout.watch else { return .keep }
        // Somebody deactivated or deleted one side: that was a decision, nothing to repair.
        guard view.hasWayBack, let candidate = view.candidate, candidate.status != .inactive,
            candidate.status != .deactivating
        else { return .keep }
        if candidate.status == .unhealthy || candidate.status.isFailure {
            let reason = candidate.statusReason.map { ": \($0)" } ?? "."
            return .giveBack(
                reason: "Deployment \(candidateID) became \(candidate.status.rawValue)\(reason)")
        }
        if let bound = watch.maxErrorPercent, view.requests >= watch.minRequests,
            view.failures * 100 > bound * view.requests
        {
            return .giveBack(
                reason:
                    "\(view.failures) of \(view.requests) predictions of deployment \(candidateID) failed, more than \(bound) %."
            )
        }
        return now >= until ? .keep : .goOn
    }

    /// Ends the watch.
    /// - Parameter note: why, where that is worth telling.
    public mutating func endWatch(note: String? = nil) {
        rollout.watchUntil = nil
        rollout.previousTarget = nil
        if let note { rollout.note = note }
    }

    /// The record of the way back.
    public func givenBack(id: PromotionID, reason: String, at now: Timestamp) -> Promotion? {
        guard let previousID else { return nil }
        var back = Promotion(
            id: id, modelID: modelID, environment: environment, candidateID: previousID,
            previousID: candidateID, scaleDownPrevious: scaleDownPrevious, candidateIsCopy: false,
            createdAt: now)
        back.status = .succeeded
        back.endedAt = now
        back.rollout.percent = 100
        back.rollout.note = "Automatic return: \(reason)"
        return back
    }
}
