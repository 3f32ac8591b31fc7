// Requests that make and change environments, and their answers.

/// Changes to the pace of a rolling promotion; members absent or null stay as they are.
public struct UpdateRollingDeployConfigV1: WireRequest {
    /// Replicas above the target during a step, in percent.
    public var maxSurgePercent: Int?
    /// Replicas below the target during a step, in percent.
    public var maxUnavailablePercent: Int?
    /// Seconds to wait after each step.
    public var stabilizationTimeSeconds: Int?
    /// Extra replicas kept during the whole promotion, in percent.
    public var replicaOverheadPercent: Int?

    public init(reading members: MemberReader) throws(BadRequest) {
        // REPLICA is the only strategy there is, so it needs no member of its own.
        _ = try members.optionalChoice("rolling_deploy_strategy", as: RollingDeployStrategyV1.self)
        maxSurgePercent = try members.optionalInteger("max_surge_percent", in: 0...50)
        maxUnavailablePercent = try members.optionalInteger("max_unavailable_percent", in: 0...50)
        stabilizationTimeSeconds = try members.optionalInteger("stabilization_time_seconds", in: 0...3600)
        replicaOverheadPercent = try members.optionalInteger("replica_overhead_percent", in: 0...500)
    }
}

/// Changes to how promotions are carried out; members absent or null stay as they are.
public struct UpdatePromotionSettingsV1: WireRequest {
    /// Whether a promotion builds a copy of the deployment.
    public var redeployOnPromotion: Bool?
    /// Whether replicas are exchanged step by step.
    public var rollingDeploy: Bool?
    /// What becomes of the previous deployment.
    public var promotionCleanupStrategy: PromotionCleanupStrategyV1?
    /// Pace of a rolling promotion.
    public var rollingDeployConfig: UpdateRollingDeployConfigV1?
    /// Whether traffic moves over gradually.
    public var rampUpWhilePromoting: Bool?
    /// Seconds the gradual move takes.
    public var rampUpDurationSeconds: Int?
    /// Changes to what guards a promotion; Slipway's own.
    public var slipway: UpdatePromotionSafetyV1?

    public init(reading members: MemberReader) throws(BadRequest) {
        redeployOnPromotion = try members.optionalBoolean("redeploy_on_promotion")
        rollingDeploy = try members.optionalBoolean("rolling_deploy")
        promotionCleanupStrategy = try members.optionalChoice(
            "promotion_cleanup_strategy", as: PromotionCleanupStrategyV1.self)
        rollingDeployConfig = try members.optionalRequest(
            "rolling_deploy_config", as: UpdateRollingDeployConfigV1.self)
        rampUpWhilePromoting = try members.optionalBoolean("ramp_up_while_promoting")
        rampUpDurationSeconds = try members.optionalInteger("ramp_up_duration_seconds")
        slipway = try members.optionalRequest("slipway", as: UpdatePromotionSafetyV1.self)
    }
}

/// A new environment.
public struct CreateEnvironmentRequestV1: WireRequest {
    /// Name, unique in the model.
    public var name: String
    /// Autoscaling settings that differ from the usual ones.
    public var autoscalingSettings: UpdateAutoscalingSettingsV1?
    /// Promotion settings that differ from the usual ones.
    public var promotionSettings: UpdatePromotionSettingsV1?
    /// What becomes of requests when all replicas are busy.
    public var requestBackpressureSettings: UpdateRequestBackpressureSettingsV1?

    public init(reading members: MemberReader) throws(BadRequest) {
        name = try members.string("name")
        autoscalingSettings = try members.optionalRequest(
            "autoscaling_settings", as: UpdateAutoscalingSettingsV1.self)
        promotionSettings = try members.optionalRequest(
            "promotion_settings", as: UpdatePromotionSettingsV1.self)
        requestBackpressureSettings = try members.optionalRequest(
            "request_backpressure_settings", as: UpdateRequestBackpressureSettingsV1.self)
    }
}

/// Changes to an environment; members absent or null stay as they are.
public struct UpdateEnvironmentRequestV1: WireRequest {
    /// Changes to how replicas follow the load.
    public var autoscalingSettings: UpdateAutoscalingSettingsV1?
    /// Changes to how promotions are carried out.
    public var promotionSettings: UpdatePromotionSettingsV1?
    /// Changes to the settings at certain times.
    public var autoscalingScheduleSettings: UpdateAutoscalingScheduleSettingsV1?
    /// What becomes of requests when all replicas are busy.
    public var requestBackpressureSettings: UpdateRequestBackpressureSettingsV1?

    public init(reading members: MemberReader) throws(BadRequest) {
        requestBackpressureSettings = try members.optionalRequest(
            "request_backpressure_settings", as: UpdateRequestBackpressureSettingsV1.self)
        autoscalingScheduleSettings = try members.optionalRequest(
            "autoscaling_schedule_settings", as: UpdateAutoscalingScheduleSettingsV1.self)
        autoscalingSettings = try members.optionalRequest(
            "autoscaling_settings", as: UpdateAutoscalingSettingsV1.self)
        promotionSettings = try members.optionalRequest(
            "promotion_settings", as: UpdatePromotionSettingsV1.self)
    }
}

/// Answer to a change of an environment.
public struct UpdateEnvironmentResponseV1: Codable, Sendable, Equatable {
    /// The environment after the change.
    public var environment: EnvironmentV1
    /// What became of the change.
    public var status: UpdateAutoscalingSettingsStatusV1
    /// The same in words.
    public var message: String

    public init(environment: EnvironmentV1, status: UpdateAutoscalingSettingsStatusV1, message: String) {
        self.environment = environment
        self.status = status
        self.message = message
    }

    enum CodingKeys: String, CodingKey {
        case environment, status, message
    }
}

/// What is left of a deleted environment.
public struct EnvironmentTombstoneV1: Codable, Sendable, Equatable {
    /// Its name.
    public var name: String
    /// The model it belonged to.
    public var modelID: String
    /// Always true.
    public var deleted: Bool

    public init(name: String, modelID: String) {
        self.name = name
        self.modelID = modelID
        deleted = true
    }

    enum CodingKeys: String, CodingKey {
        case name
        case modelID = "model_id"
        case deleted
    }
}
