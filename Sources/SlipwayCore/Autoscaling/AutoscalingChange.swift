// What a PATCH makes of autoscaling settings (behaviour.md sections 5.1 and 5.3).

/// The members of a PATCH; nil leaves a setting as it is.
public struct AutoscalingChange: Sendable, Equatable {
    public var minReplica: Int?
    public var maxReplica: Int?
    public var autoscalingWindow: Int?
    public var scaleDownDelay: Int?
    public var maxScaleDownRate: Int?
    public var concurrencyTarget: Int?
    public var targetUtilizationPercentage: Int?
    public var targetInFlightTokens: Int?

    public init() {}
}

/// What became of a change; raw values are the wire names.
public enum SettingsVerdict: String, Sendable {
    case accepted = "ACCEPTED"
    /// Stored; takes effect when the deploy or promotion that runs has ended.
    case queued = "QUEUED"
    case unchanged = "UNCHANGED"
}

extension AutoscalingSettings {
    /// More replicas than this are refused as a slip of the keyboard.
    public static let mostReplicas = 1000

    /// The settings after a change.
    /// - Parameter isDevelopment: the replica limits of a development deployment are fixed at 0 and 1.
    /// - Throws: `SettingProblem` naming the field, by the rules of the merged settings.
    public func applying(
        _ change: AutoscalingChange, isDevelopment: Bool = false
    ) throws(SettingProblem) -> AutoscalingSettings {
        var new = self
        if let value = change.minReplica { new.minReplica = value }
        if let value = change.maxReplica { new.maxReplica = value }
        if let value = change.autoscalingWindow { new.autoscalingWindow = value }
        if let value = change.scaleDownDelay { new.scaleDownDelay = value }
        if let value = change.maxScaleDownRate { new.maxScaleDownRate = value }
        if let value = change.concurrencyTarget { new.concurrencyTarget = value }
        if let value = change.targetUtilizationPercentage { new.targetUtilizationPercentage = value }
        if let value = change.targetInFlightTokens { new.targetInFlightTokens = value }
        try new.check()
        if isDevelopment, new.minReplica != minReplica || new.maxReplica != maxReplica {
            throw SettingProblem(
                "min_replica and max_replica of a development deployment are fixed at \(minReplica) and \(maxReplica)."
            )
        }
        return new
    }

    private func check() throws(SettingProblem) {
        try SettingProblem.check("max_replica", maxReplica, in: 1...Self.mostReplicas)
        try SettingProblem.check("min_replica", minReplica, in: 0...Self.mostReplicas)
        guard minReplica <= maxReplica else {
            throw SettingProblem(
                "min_replica (\(minReplica)) must not be above max_replica (\(maxReplica)).")
        }
        try SettingProblem.check("autoscaling_window", autoscalingWindow, in: 10...3600)
        try SettingProblem.check("scale_down_delay", scaleDownDelay, in: 0...3600)
        try SettingProblem.check("max_scale_down_rate", maxScaleDownRate, in: 1...50)
        try SettingProblem.check("concurrency_target", concurrencyTarget, in: 1...1_000_000)
        try SettingProblem.check("target_utilization_percentage", targetUtilizationPercentage, in: 1...100)
        if let targetInFlightTokens {
            try SettingProblem.check("target_in_flight_tokens", targetInFlightTokens, in: 1...Int(Int32.max))
        }
    }
}

extension Deployment {
    /// Takes new settings; ones that ask for a replica wake it.
    public mutating func adopt(_ settings: AutoscalingSettings) {
        autoscaling = settings
        if settings.minReplica > 0, desired == .zero { desired = .running }
    }
}

extension SettingsVerdict {
    /// In a sentence for people.
    public var message: String {
        switch self {
        case .accepted: "The settings were changed."
        case .queued: "The settings take effect when the deploy or promotion under way has ended."
        case .unchanged: "The settings were like this already."
        }
    }
}
