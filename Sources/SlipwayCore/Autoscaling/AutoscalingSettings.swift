// Autoscaling settings with the documented defaults and ranges (behaviour.md section 5.1).

public struct AutoscalingSettings: Sendable, Codable, Equatable {
    /// 0 or more; 0 lets the deployment scale to zero.
    public var minReplica: Int
    /// 1 or more, at least `minReplica`.
    public var maxReplica: Int
    /// Seconds, 10–3600.
    public var autoscalingWindow: Int
    /// Seconds, 0–3600.
    public var scaleDownDelay: Int
    /// Percent, 1–50.
    public var maxScaleDownRate: Int
    /// Requests per replica, 1 or more.
    public var concurrencyTarget: Int
    /// Percent, 1–100.
    public var targetUtilizationPercentage: Int
    /// Tokens in flight per replica, 1 or more: those of prompts and those streamed so far. nil: replicas follow
    /// requests alone. The utilization does not apply to it.
    public var targetInFlightTokens: Int?

    public init(
        minReplica: Int = 0, maxReplica: Int = 1, autoscalingWindow: Int = 60, scaleDownDelay: Int = 900,
        maxScaleDownRate: Int = 50, concurrencyTarget: Int = 1, targetUtilizationPercentage: Int = 70,
        targetInFlightTokens: Int? = nil
    ) {
        self.minReplica = minReplica
        self.maxReplica = maxReplica
        self.autoscalingWindow = autoscalingWindow
        self.scaleDownDelay = scaleDownDelay
        self.maxScaleDownRate = maxScaleDownRate
        self.concurrencyTarget = concurrencyTarget
        self.targetUtilizationPercentage = targetUtilizationPercentage
        self.targetInFlightTokens = targetInFlightTokens
    }
}
