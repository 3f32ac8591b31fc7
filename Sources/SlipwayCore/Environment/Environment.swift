// Environments: the stable endpoints of a model.

/// A stable name that points at one deployment at a time.
public struct Environment: Sendable, Equatable {
    public static let production = "production"

    public var modelID: ModelID
    public var name: String
    public var createdAt: Timestamp
    public var currentDeploymentID: DeploymentID?
    /// One record with "the current deployment's autoscaling": written to it on promotion.
    public var autoscaling: AutoscalingSettings
    public var promotionSettings: PromotionSettings
    /// Other settings at certain times; written to the current deployment while they hold.
    public var schedules: AutoscalingSchedules
    /// What becomes of requests that find every replica busy; of the current deployment too. nil: they wait.
    public var backpressure: BackpressurePolicy?

    public init(
        modelID: ModelID, name: String, createdAt: Timestamp, currentDeploymentID: DeploymentID? = nil,
        autoscaling: AutoscalingSettings = .init(), promotionSettings: PromotionSettings = .init(),
        schedules: AutoscalingSchedules = .init(), backpressure: BackpressurePolicy? = nil
    ) {
        self.modelID = modelID
        self.name = name
        self.createdAt = createdAt
        self.currentDeploymentID = currentDeploymentID
        self.autoscaling = autoscaling
        self.promotionSettings = promotionSettings
        self.schedules = schedules
        self.backpressure = backpressure
    }

    /// The name a deployment goes by: of the environment it is being promoted to, else of the one it serves.
    public static func name(
        for deployment: DeploymentID, among environments: [Environment], _ running: [Promotion]
    ) -> String? {
        running.first { $0.candidateID == deployment }?.environment
            ?? environments.first { $0.currentDeploymentID == deployment }?.name
    }

    /// The candidate that serves an environment which has nothing yet, as soon as it can: who sees a first deployment
    /// ACTIVE may call its environment, although the promotion ends a moment later. Not before its gate has passed.
    public func newcomer(
        _ running: [Promotion], isReady: (DeploymentID) throws -> Bool
    ) rethrows -> DeploymentID? {
        guard currentDeploymentID == nil else { return nil }
        return try running.first {
            try $0.modelID == modelID && $0.environment == name && !$0.awaitsGate && isReady($0.candidateID)
        }?.candidateID
    }
}
