// What a running promotion does next. Non-rolling: one swap when the candidate is ready.

/// The candidate as the promotion needs to see it.
public struct CandidateView: Sendable, Equatable {
    public var status: DeploymentStatus
    public var statusReason: String?
    public var readyReplicas: Int

    public init(status: DeploymentStatus, statusReason: String?, readyReplicas: Int) {
        self.status = status
        self.statusReason = statusReason
        self.readyReplicas = readyReplicas
    }
}

public enum PromotionStep: Sendable, Equatable {
    /// Nothing to do until something changes.
    case wait
    /// The candidate becomes current in one step.
    case swap
    /// The promotion ends; the environment keeps what it has.
    case fail(reason: String)
}

extension Promotion {
    /// How many ready replicas the candidate needs before it may take all traffic: the environment's minimum,
    /// never less than one. The autoscaler raises the number with the load after the swap.
    public static func requiredReplicas(_ autoscaling: AutoscalingSettings) -> Int {
        max(1, autoscaling.minReplica)
    }

    /// Decides the next step. `candidate` is nil when the deployment is gone.
    public func nextStep(candidate: CandidateView?, environment: AutoscalingSettings) -> PromotionStep {
        guard !status.isTerminal else { return .wait }
        guard let candidate else { return .fail(reason: "The candidate deployment was deleted.") }
        if candidate.status.isFailure {
            let reason = candidate.statusReason.map { ": \($0)" } ?? ""
            return .fail(reason: "Deployment \(candidateID) is \(candidate.status.rawValue)\(reason)")
        }
        if candidate.status == .inactive || candidate.status == .deactivating {
            return .fail(reason: "Deployment \(candidateID) was deactivated.")
        }
        return candidate.readyReplicas >= Self.requiredReplicas(environment) ? .swap : .wait
    }
}

/// Whether a promotion uses its source as it is or a copy (behaviour.md section 3.2).
public enum PromotionSource: Sendable, Equatable {
    case reuse
    case copy(reason: String)

    /// The copy-or-reuse rule. A copy never rebuilds an image that exists.
    /// - Parameters:
    ///   - attachedElsewhere: the source is the current deployment of another environment.
    ///   - environmentInstanceType: of the target's current deployment; nil when it has none.
    public static func choose(
        isDevelopment: Bool, attachedElsewhere: Bool, sourceInstanceType: String,
        environmentInstanceType: String?, preserveEnvironmentInstanceType: Bool, redeployOnPromotion: Bool
    ) -> PromotionSource {
        if isDevelopment { return .copy(reason: "the development deployment stays in its slot") }
        if attachedElsewhere { return .copy(reason: "the source serves another environment") }
        if redeployOnPromotion { return .copy(reason: "the environment redeploys on promotion") }
        if preserveEnvironmentInstanceType, let kept = environmentInstanceType, kept != sourceInstanceType {
            return .copy(reason: "the environment keeps its instance type \(kept)")
        }
        return .reuse
    }
}
