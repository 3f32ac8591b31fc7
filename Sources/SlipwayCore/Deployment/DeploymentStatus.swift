// The fourteen public states of a deployment and which client actions each allows.

/// `DeploymentStatusV1` of the management API; raw values are the wire names.
public enum DeploymentStatus: String, Sendable, Codable, CaseIterable {
    case building = "BUILDING"
    case deploying = "DEPLOYING"
    case deployFailed = "DEPLOY_FAILED"
    case loadingModel = "LOADING_MODEL"
    case active = "ACTIVE"
    case unhealthy = "UNHEALTHY"
    case buildFailed = "BUILD_FAILED"
    case buildStopped = "BUILD_STOPPED"
    case deactivating = "DEACTIVATING"
    case inactive = "INACTIVE"
    case failed = "FAILED"
    case updating = "UPDATING"
    case scaledToZero = "SCALED_TO_ZERO"
    case wakingUp = "WAKING_UP"

    /// Nothing will change without a user's action (retry), and nothing runs.
    public var isFailure: Bool {
        switch self {
        case .buildFailed, .buildStopped, .deployFailed, .failed: true
        default: false
        }
    }
}

/// What a client may ask of a deployment (behaviour.md section 2.2).
public enum DeploymentAction: Sendable, CaseIterable {
    case promote, activate, deactivate, retry
}

/// How a status answers an action.
public enum ActionVerdict: Sendable, Equatable {
    /// Carried out.
    case accepted
    /// Success without effect.
    case noEffect
    /// A 400 answer.
    case refused
}

extension DeploymentStatus {
    /// The table of behaviour.md section 2.2 as a function. A development deployment that is INACTIVE may
    /// still be promoted (section 3.5), which is why the flag is asked for.
    public func verdict(on action: DeploymentAction, isDevelopment: Bool = false) -> ActionVerdict {
        switch action {
        case .promote:
            if isFailure || self == .deactivating { return .refused }
            if self == .inactive { return isDevelopment ? .accepted : .refused }
            return .accepted
        case .activate:
            if self == .inactive { return .accepted }
            return isFailure || self == .deactivating ? .refused : .noEffect
        case .deactivate:
            return isFailure || self == .deactivating || self == .inactive ? .noEffect : .accepted
        case .retry:
            return isFailure ? .accepted : .noEffect
        }
    }

    /// What becomes of a change of autoscaling settings (behaviour.md section 2.2); nil where it is refused.
    public var autoscalingVerdict: SettingsVerdict? {
        switch self {
        case .building, .deploying, .loadingModel, .updating: .queued
        case .active, .scaledToZero, .wakingUp, .unhealthy, .inactive: .accepted
        case .buildFailed, .buildStopped, .deployFailed, .failed, .deactivating: nil
        }
    }
}
