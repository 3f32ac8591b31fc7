// Documents about environments: stable endpoints of a model with settings of their own.

/// What becomes of the deployment an environment leaves.
public enum PromotionCleanupStrategyV1: String, Codable, Sendable, CaseIterable {
    case keep = "KEEP"
    case scaleToZero = "SCALE_TO_ZERO"
    case deactivate = "DEACTIVATE"
}

/// Unit in which a rolling promotion proceeds.
public enum RollingDeployStrategyV1: String, Codable, Sendable, CaseIterable {
    case replica = "REPLICA"
}

/// Pace of a rolling promotion.
public struct RollingDeployConfigV1: Codable, Sendable, Equatable {
    /// Unit of a step.
    public var rollingDeployStrategy: RollingDeployStrategyV1
    /// Replicas above the target during a step, in percent.
    public var maxSurgePercent: Int
    /// Replicas below the target during a step, in percent.
    public var maxUnavailablePercent: Int
    /// Seconds to wait after each step.
    public var stabilizationTimeSeconds: Int
    /// Extra replicas kept during the whole promotion, in percent.
    public var replicaOverheadPercent: Int

    public init(
        rollingDeployStrategy: RollingDeployStrategyV1 = .replica, maxSurgePercent: Int = 25,
        maxUnavailablePercent: Int = 0, stabilizationTimeSeconds: Int = 0, replicaOverheadPercent: Int = 0
    ) {
        self.rollingDeployStrategy = rollingDeployStrategy
        self.maxSurgePercent = maxSurgePercent
        self.maxUnavailablePercent = maxUnavailablePercent
        self.stabilizationTimeSeconds = stabilizationTimeSeconds
        self.replicaOverheadPercent = replicaOverheadPercent
    }

    enum CodingKeys: String, CodingKey {
        case rollingDeployStrategy = "rolling_deploy_strategy"
        case maxSurgePercent = "max_surge_percent"
        case maxUnavailablePercent = "max_unavailable_percent"
        case stabilizationTimeSeconds = "stabilization_time_seconds"
        case replicaOverheadPercent = "replica_overhead_percent"
    }
}

/// How promotions to an environment are carried out.
public struct PromotionSettingsV1: Codable, Sendable, Equatable {
    /// Whether a promotion builds a copy of the deployment.
    @Nullable public var redeployOnPromotion: Bool?
    /// Whether replicas are exchanged step by step.
    @Nullable public var rollingDeploy: Bool?
    /// What becomes of the previous deployment.
    @Nullable public var promotionCleanupStrategy: PromotionCleanupStrategyV1?
    /// Pace of a rolling promotion; null for the usual one.
    @Nullable public var rollingDeployConfig: RollingDeployConfigV1?
    /// Whether traffic moves over gradually.
    @Nullable public var rampUpWhilePromoting: Bool?
    /// Seconds the gradual move takes.
    @Nullable public var rampUpDurationSeconds: Int?
    /// What guards a promotion; Slipway's own.
    public var slipway: PromotionSafetyV1

    public init(
        redeployOnPromotion: Bool? = false, rollingDeploy: Bool? = false,
        promotionCleanupStrategy: PromotionCleanupStrategyV1? = .scaleToZero,
        rollingDeployConfig: RollingDeployConfigV1? = nil, rampUpWhilePromoting: Bool? = false,
        rampUpDurationSeconds: Int? = 600, slipway: PromotionSafetyV1 = .init(gate: nil, watch: nil)
    ) {
        self.redeployOnPromotion = redeployOnPromotion
        self.rollingDeploy = rollingDeploy
        self.promotionCleanupStrategy = promotionCleanupStrategy
        self.rollingDeployConfig = rollingDeployConfig
        self.rampUpWhilePromoting = rampUpWhilePromoting
        self.rampUpDurationSeconds = rampUpDurationSeconds
        self.slipway = slipway
    }

    enum CodingKeys: String, CodingKey {
        case slipway
        case redeployOnPromotion = "redeploy_on_promotion"
        case rollingDeploy = "rolling_deploy"
        case promotionCleanupStrategy = "promotion_cleanup_strategy"
        case rollingDeployConfig = "rolling_deploy_config"
        case rampUpWhilePromoting = "ramp_up_while_promoting"
        case rampUpDurationSeconds = "ramp_up_duration_seconds"
    }
}

/// A stable endpoint of a model and the deployment behind it.
public struct EnvironmentV1: Codable, Sendable, Equatable {
    /// Name, unique in the model.
    public var name: String
    /// When the environment was made.
    public var createdAt: WireDate
    /// The model it belongs to.
    public var modelID: String
    /// The deployment that serves; null before the first promotion.
    @Nullable public var currentDeployment: DeploymentV1?
    /// The deployment being promoted, if any.
    @Nullable public var candidateDeployment: DeploymentV1?
    /// The promotion under way, if any.
    @Nullable public var inProgressPromotion: InProgressPromotionV1?
    /// How replicas of the serving deployment follow the load.
    public var autoscalingSettings: AutoscalingSettingsV1
    /// How promotions are carried out.
    public var promotionSettings: PromotionSettingsV1
    /// Instance type promotions keep unless told otherwise.
    public var instanceType: InstanceTypeV1
    /// What becomes of requests when all replicas are busy.
    public var requestBackpressureSettings: RequestBackpressureSettingsV1
    /// Settings at certain times; null without any.
    @Nullable public var autoscalingSchedules: EnvironmentAutoscalingSchedulesV1?

    public init(
        name: String, createdAt: WireDate, modelID: String, currentDeployment: DeploymentV1?,
        candidateDeployment: DeploymentV1? = nil, inProgressPromotion: InProgressPromotionV1? = nil,
        autoscalingSettings: AutoscalingSettingsV1, promotionSettings: PromotionSettingsV1,
        instanceType: InstanceTypeV1, requestBackpressureSettings: RequestBackpressureSettingsV1 = .init(),
        autoscalingSchedules: EnvironmentAutoscalingSchedulesV1? = nil
    ) {
        self.name = name
        self.createdAt = createdAt
        self.modelID = modelID
        self.currentDeployment = currentDeployment
        self.candidateDeployment = candidateDeployment
        self.inProgressPromotion = inProgressPromotion
        self.autoscalingSettings = autoscalingSettings
        self.promotionSettings = promotionSettings
        self.instanceType = instanceType
        self.requestBackpressureSettings = requestBackpressureSettings
        self.autoscalingSchedules = autoscalingSchedules
    }

    enum CodingKeys: String, CodingKey {
        case name
        case createdAt = "created_at"
        case modelID = "model_id"
        case currentDeployment = "current_deployment"
        case candidateDeployment = "candidate_deployment"
        case inProgressPromotion = "in_progress_promotion"
        case autoscalingSettings = "autoscaling_settings"
        case promotionSettings = "promotion_settings"
        case instanceType = "instance_type"
        case requestBackpressureSettings = "request_backpressure_settings"
        case autoscalingSchedules = "autoscaling_schedules"
    }
}

/// The environments of a model.
public struct EnvironmentsV1: Codable, Sendable, Equatable {
    /// The environments; the list is complete.
    public var environments: [EnvironmentV1]

    public init(environments: [EnvironmentV1]) {
        self.environments = environments
    }

    enum CodingKeys: String, CodingKey {
        case environments
    }
}
