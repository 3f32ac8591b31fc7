// How many replicas a deployment should have (behaviour.md section 5.2). Zero is not its business: the last
// replica goes by the idle rule of `Lifecycle`.

/// What the autoscaler remembers of a deployment between decisions.
public struct AutoscalerState: Sendable, Equatable {
    /// Replicas wanted now; at least 1.
    public var target: Int
    /// Since when the load has called for fewer replicas without a break.
    public var lowSince: Timestamp?
    /// When the target fell last.
    public var reducedAt: Timestamp?

    public init(target: Int) { self.target = max(1, target) }
}

/// A change of the number of replicas and why.
public struct ScalingDecision: Sendable, Equatable {
    public var at: Timestamp
    public var from: Int
    public var to: Int
    /// One sentence for the user, with the numbers it came from.
    public var reason: String

    public init(at: Timestamp, from: Int, to: Int, reason: String) {
        self.at = at
        self.from = from
        self.to = to
        self.reason = reason
    }
}

public enum Autoscaler {
    /// Time between two decisions.
    public static let period: Duration = .seconds(2)

    /// Replicas that an average load calls for, within the limits and never below one.
    public static func replicas(for load: Double, _ settings: AutoscalingSettings) -> Int {
        let capacity =
            Double(settings.concurrencyTarget) * Double(settings.targetUtilizationPercentage) / 100
        // Anything above the most replicas is the same to the caller, and a huge load must not overflow.
        let wanted = min((load / capacity - 1e-9).rounded(.up), Double(settings.maxReplica))
        return max(1, settings.minReplica, Int(wanted))
    }

    /// One decision.
    /// - Parameter load: requests in flight on average over the window of the settings.
    /// - Returns: the decision when the number changes.
    public static func decide(
        _ state: inout AutoscalerState, load: Double, _ settings: AutoscalingSettings, now: Timestamp
    ) -> ScalingDecision? {
        let wanted = replicas(for: load, settings)
        let before = state.target
        if wanted >= before {
            state.lowSince = nil
            state.target = wanted
            return decision(before, state.target, now, because(load, settings))
        }
        if before > settings.maxReplica {
            state.target = settings.maxReplica
            state.reducedAt = now
            return decision(before, state.target, now, "max_replica is \(settings.maxReplica)")
        }
        let since = state.lowSince ?? now
        state.lowSince = since
        guard now - since >= .seconds(settings.scaleDownDelay) else { return nil }
        state.reducedAt = now
        let removable = max(1, before * settings.maxScaleDownRate / 100)
        state.target = max(wanted, before - removable)
        state.lowSince = state.target > wanted ? now : nil
        return decision(
            before, state.target, now,
            "\(because(load, settings)), for \(settings.scaleDownDelay) s; at most \(settings.maxScaleDownRate) % leave at a time"
        )
    }

    private static func decision(_ from: Int, _ to: Int, _ now: Timestamp, _ reason: String)
        -> ScalingDecision?
    {
        from == to ? nil : ScalingDecision(at: now, from: from, to: to, reason: reason)
    }

    private static func because(_ load: Double, _ settings: AutoscalingSettings) -> String {
        let tenths = Int((load * 10).rounded())
        return
            "\(tenths / 10).\(tenths % 10) requests in flight on average over \(settings.autoscalingWindow) s, where a replica takes \(settings.concurrencyTarget) × \(settings.targetUtilizationPercentage) %, within \(settings.minReplica) to \(settings.maxReplica) replicas"
    }
}
