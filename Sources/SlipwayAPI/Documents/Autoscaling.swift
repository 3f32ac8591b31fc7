// Documents about autoscaling settings: read inside deployments and environments, changed by PATCH.

/// How the number of replicas follows the load.
public struct AutoscalingSettingsV1: Codable, Sendable, Equatable {
    /// Fewest replicas; 0 lets the deployment sleep.
    public var minReplica: Int
    /// Most replicas.
    public var maxReplica: Int
    /// Seconds of load that a decision looks back on.
    @Nullable public var autoscalingWindow: Int?
    /// Seconds of less load before replicas are removed.
    @Nullable public var scaleDownDelay: Int?
    /// Requests at once that one replica should carry.
    public var concurrencyTarget: Int
    /// Percentage of the concurrency target to aim at.
    @Nullable public var targetUtilizationPercentage: Int?
    /// Tokens in flight one replica should carry; null when not used.
    @Nullable public var targetInFlightTokens: Int?
    /// Largest share of replicas removed per window, in percent.
    @Nullable public var maxScaleDownRate: Int?

    public init(
        minReplica: Int, maxReplica: Int, autoscalingWindow: Int?, scaleDownDelay: Int?,
        concurrencyTarget: Int, targetUtilizationPercentage: Int?, targetInFlightTokens: Int? = nil,
        maxScaleDownRate: Int? = nil
    ) {
        self.minReplica = minReplica
        self.maxReplica = maxReplica
        self.autoscalingWindow = autoscalingWindow
        self.scaleDownDelay = scaleDownDelay
        self.concurrencyTarget = concurrencyTarget
        self.targetUtilizationPercentage = targetUtilizationPercentage
        self.targetInFlightTokens = targetInFlightTokens
        self.maxScaleDownRate = maxScaleDownRate
    }

    enum CodingKeys: String, CodingKey {
        case minReplica = "min_replica"
        case maxReplica = "max_replica"
        case autoscalingWindow = "autoscaling_window"
        case scaleDownDelay = "scale_down_delay"
        case concurrencyTarget = "concurrency_target"
        case targetUtilizationPercentage = "target_utilization_percentage"
        case targetInFlightTokens = "target_in_flight_tokens"
        case maxScaleDownRate = "max_scale_down_rate"
    }
}

/// Changes to autoscaling settings; members absent or null stay as they are.
public struct UpdateAutoscalingSettingsV1: WireRequest {
    /// Fewest replicas; 0 lets the deployment sleep.
    public var minReplica: Int?
    /// Most replicas.
    public var maxReplica: Int?
    /// Seconds of load that a decision looks back on.
    public var autoscalingWindow: Int?
    /// Seconds of less load before replicas are removed.
    public var scaleDownDelay: Int?
    /// Requests at once that one replica should carry.
    public var concurrencyTarget: Int?
    /// Percentage of the concurrency target to aim at.
    public var targetUtilizationPercentage: Int?
    /// Tokens in flight one replica should carry.
    public var targetInFlightTokens: Int?
    /// Largest share of replicas removed per window, in percent.
    public var maxScaleDownRate: Int?

    public init(
        minReplica: Int? = nil, maxReplica: Int? = nil, autoscalingWindow: Int? = nil,
        scaleDownDelay: Int? = nil, concurrencyTarget: Int? = nil, targetUtilizationPercentage: Int? = nil,
        targetInFlightTokens: Int? = nil, maxScaleDownRate: Int? = nil
    ) {
        self.minReplica = minReplica
        self.maxReplica = maxReplica
        self.autoscalingWindow = autoscalingWindow
        self.scaleDownDelay = scaleDownDelay
        self.concurrencyTarget = concurrencyTarget
        self.targetUtilizationPercentage = targetUtilizationPercentage
        self.targetInFlightTokens = targetInFlightTokens
        self.maxScaleDownRate = maxScaleDownRate
    }

    public init(reading members: MemberReader) throws(BadRequest) {
        minReplica = try members.optionalInteger("min_replica")
        maxReplica = try members.optionalInteger("max_replica")
        autoscalingWindow = try members.optionalInteger("autoscaling_window")
        scaleDownDelay = try members.optionalInteger("scale_down_delay")
        concurrencyTarget = try members.optionalInteger("concurrency_target")
        targetUtilizationPercentage = try members.optionalInteger("target_utilization_percentage")
        targetInFlightTokens = try members.optionalInteger("target_in_flight_tokens")
        maxScaleDownRate = try members.optionalInteger("max_scale_down_rate", in: 1...50)
    }

    enum CodingKeys: String, CodingKey, CaseIterable {
        case minReplica = "min_replica"
        case maxReplica = "max_replica"
        case autoscalingWindow = "autoscaling_window"
        case scaleDownDelay = "scale_down_delay"
        case concurrencyTarget = "concurrency_target"
        case targetUtilizationPercentage = "target_utilization_percentage"
        case targetInFlightTokens = "target_in_flight_tokens"
        case maxScaleDownRate = "max_scale_down_rate"
    }
}

/// What became of a change of settings.
public enum UpdateAutoscalingSettingsStatusV1: String, Codable, Sendable, CaseIterable {
    case accepted = "ACCEPTED"
    case queued = "QUEUED"
    case unchanged = "UNCHANGED"
}

/// Answer to a change of settings.
public struct UpdateAutoscalingSettingsResponseV1: Codable, Sendable, Equatable {
    /// What became of the change.
    public var status: UpdateAutoscalingSettingsStatusV1
    /// The same in words.
    public var message: String

    public init(status: UpdateAutoscalingSettingsStatusV1, message: String) {
        self.status = status
        self.message = message
    }

    enum CodingKeys: String, CodingKey {
        case status, message
    }
}
