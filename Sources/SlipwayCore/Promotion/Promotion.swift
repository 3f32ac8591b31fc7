// A promotion: the durable saga that moves an environment from one deployment to another.

/// `in_progress_promotion.status`; raw values are the wire names (behaviour.md section 3.4).
public enum PromotionStatus: String, Sendable, Codable, CaseIterable {
    case releasing = "RELEASING"
    case rampingUp = "RAMPING_UP"
    case paused = "PAUSED"
    case rampingDown = "RAMPING_DOWN"
    case succeeded = "SUCCEEDED"
    case failed = "FAILED"
    case canceled = "CANCELED"

    public var isTerminal: Bool { self == .succeeded || self == .failed || self == .canceled }
}

public struct Promotion: Sendable, Equatable {
    public var id: PromotionID
    public var modelID: ModelID
    public var environment: String
    public var candidateID: DeploymentID
    /// The environment's deployment when the promotion began.
    public var previousID: DeploymentID?
    public var status: PromotionStatus
    public var errorMessage: String?
    /// Whether the environment's cleanup strategy is applied to the previous deployment once the candidate serves.
    public var scaleDownPrevious: Bool
    /// The candidate was made by this promotion and serves nobody else.
    public var candidateIsCopy: Bool
    public var createdAt: Timestamp
    public var endedAt: Timestamp?
    public var rollout: Rollout

    /// The deployments between which it moves its environment.
    public var sides: [DeploymentID] { [candidateID, previousID].compactMap(\.self) }

    public init(
        id: PromotionID, modelID: ModelID, environment: String, candidateID: DeploymentID,
        previousID: DeploymentID?, scaleDownPrevious: Bool, candidateIsCopy: Bool, createdAt: Timestamp,
        rollout: Rollout = Rollout(settings: PromotionSettings(), mode: .swap)
    ) {
        self.id = id
        self.modelID = modelID
        self.environment = environment
        self.candidateID = candidateID
        self.previousID = previousID
        self.status = .releasing
        self.errorMessage = nil
        self.scaleDownPrevious = scaleDownPrevious
        self.candidateIsCopy = candidateIsCopy
        self.createdAt = createdAt
        self.endedAt = nil
        self.rollout = rollout
    }

    /// Whether the deployment is on either side.
    public func concerns(_ deployment: DeploymentID) -> Bool {
        candidateID == deployment || previousID == deployment
    }
}
