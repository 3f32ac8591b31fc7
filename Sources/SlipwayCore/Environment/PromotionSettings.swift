// How promotions into an environment are carried out (behaviour.md section 3.7), and what a PATCH makes of it.

/// What becomes of the deployment an environment leaves; raw values are the wire names.
public enum CleanupStrategy: String, Sendable, Codable, CaseIterable {
    case keep = "KEEP"
    case scaleToZero = "SCALE_TO_ZERO"
    case deactivate = "DEACTIVATE"
}

/// Pace of a rolling promotion. Exactly one of surge and unavailable is above zero.
public struct RollingConfig: Sendable, Codable, Equatable {
    /// Replicas above the total during a step, in percent of it: 0–50.
    public var maxSurgePercent: Int
    /// Replicas below the total during a step, in percent of it: 0–50.
    public var maxUnavailablePercent: Int
    /// Seconds to wait after each shift of traffic: 0–3600.
    public var stabilizationSeconds: Int
    /// Extra replicas the previous deployment gets before the first step, in percent: 0–500.
    public var replicaOverheadPercent: Int

    public init(
        maxSurgePercent: Int = 25, maxUnavailablePercent: Int = 0, stabilizationSeconds: Int = 0,
        replicaOverheadPercent: Int = 0
    ) {
        self.maxSurgePercent = maxSurgePercent
        self.maxUnavailablePercent = maxUnavailablePercent
        self.stabilizationSeconds = stabilizationSeconds
        self.replicaOverheadPercent = replicaOverheadPercent
    }
}

/// Settings of an environment for every later promotion into it.
public struct PromotionSettings: Sendable, Codable, Equatable {
    /// Promotion always makes a fresh copy, so that `load()` sees the environment's name.
    public var redeployOnPromotion: Bool
    /// Replicas are exchanged step by step.
    public var rollingDeploy: Bool
    public var cleanup: CleanupStrategy
    public var rolling: RollingConfig
    /// Traffic moves over in ten equal stages. `rollingDeploy` wins where both are set.
    public var rampUp: Bool
    /// Seconds the ten stages take together: 0–86400.
    public var rampUpSeconds: Int
    public var gate: PromotionGate?
    public var watch: PromotionWatch?

    public init(
        redeployOnPromotion: Bool = false, rollingDeploy: Bool = false,
        cleanup: CleanupStrategy = .scaleToZero,
        rolling: RollingConfig = .init(), rampUp: Bool = false, rampUpSeconds: Int = 600,
        gate: PromotionGate? = nil, watch: PromotionWatch? = nil
    ) {
        self.redeployOnPromotion = redeployOnPromotion
        self.rollingDeploy = rollingDeploy
        self.cleanup = cleanup
        self.rolling = rolling
        self.rampUp = rampUp
        self.rampUpSeconds = rampUpSeconds
        self.gate = gate
        self.watch = watch
    }
}

/// The members of a PATCH; nil leaves a setting as it is.
public struct PromotionSettingsChange: Sendable, Equatable {
    public var redeployOnPromotion: Bool?
    public var rollingDeploy: Bool?
    public var cleanup: CleanupStrategy?
    public var maxSurgePercent: Int?
    public var maxUnavailablePercent: Int?
    public var stabilizationSeconds: Int?
    public var replicaOverheadPercent: Int?
    public var rampUp: Bool?
    public var rampUpSeconds: Int?
    public var gate = OptionalChange<PromotionGate>.unchanged
    public var watch = OptionalChange<PromotionWatch>.unchanged

    public init() {}
}

extension PromotionSettings {
    /// The settings after a change.
    /// - Throws: `SettingProblem` naming the field, by the rules of the merged settings.
    public func applying(_ change: PromotionSettingsChange) throws(SettingProblem) -> PromotionSettings {
        var new = self
        if let value = change.redeployOnPromotion { new.redeployOnPromotion = value }
        if let value = change.rollingDeploy { new.rollingDeploy = value }
        if let value = change.cleanup { new.cleanup = value }
        if let value = change.rampUp { new.rampUp = value }
        if let value = change.rampUpSeconds { new.rampUpSeconds = value }
        new.rolling = try rolling.applying(change)
        new.gate = change.gate.applied(to: gate)
        new.watch = change.watch.applied(to: watch)
        try new.gate?.check()
        try new.watch?.check()
        try SettingProblem.check("ramp_up_duration_seconds", new.rampUpSeconds, in: 0...86400)
        return new
    }
}

extension RollingConfig {
    fileprivate func applying(_ change: PromotionSettingsChange) throws(SettingProblem) -> RollingConfig {
        var new = self
        if let value = change.maxSurgePercent { new.maxSurgePercent = value }
        if let value = change.maxUnavailablePercent { new.maxUnavailablePercent = value }
        if let value = change.stabilizationSeconds { new.stabilizationSeconds = value }
        if let value = change.replicaOverheadPercent { new.replicaOverheadPercent = value }
        try SettingProblem.check("rolling_deploy_config.max_surge_percent", new.maxSurgePercent, in: 0...50)
        try SettingProblem.check(
            "rolling_deploy_config.max_unavailable_percent", new.maxUnavailablePercent, in: 0...50)
        try SettingProblem.check(
            "rolling_deploy_config.stabilization_time_seconds", new.stabilizationSeconds, in: 0...3600)
        try SettingProblem.check(
            "rolling_deploy_config.replica_overhead_percent", new.replicaOverheadPercent, in: 0...500)
        // Naming one side alone moves the rollout to it: the stored value of the other was not asked for.
        if let surge = change.maxSurgePercent, surge > 0, change.maxUnavailablePercent == nil {
            new.maxUnavailablePercent = 0
        }
        if let unavailable = change.maxUnavailablePercent, unavailable > 0, change.maxSurgePercent == nil {
            new.maxSurgePercent = 0
        }
        guard (new.maxSurgePercent > 0) != (new.maxUnavailablePercent > 0) else {
            throw SettingProblem(
                "rolling_deploy_config: exactly one of max_surge_percent (\(new.maxSurgePercent)) and max_unavailable_percent (\(new.maxUnavailablePercent)) must be above zero."
            )
        }
        return new
    }
}

/// A setting out of its range, in a sentence for the client that names the field.
public struct SettingProblem: Error, Sendable, Equatable, CustomStringConvertible {
    public let description: String

    public init(_ description: String) { self.description = description }

    static func check(_ name: String, _ value: Int, in range: ClosedRange<Int>) throws(SettingProblem) {
        guard range.contains(value) else {
            throw SettingProblem(
                "\(name) must be from \(range.lowerBound) to \(range.upperBound), not \(value).")
        }
    }
}
