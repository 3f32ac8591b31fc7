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

    /// Replicas that an average load calls for, within the limits and never below one: the larger of what requests
    /// and tokens call for.
    public static func replicas(for load: Double, tokens: Double = 0, _ settings: AutoscalingSettings) -> Int
    {
        max(replicasByRequests(load, settings), replicasByTokens(tokens, settings) ?? 1)
    }

    private static func replicasByRequests(_ load: Double, _ settings: AutoscalingSettings) -> Int {
        let capacity =
            Double(settings.concurrencyTarget) * Double(settings.targetUtilizationPercentage) / 100
        return replicas(load, each: capacity, settings)
    }

    /// Nil where replicas follow requests alone.
    private static func replicasByTokens(_ tokens: Double, _ settings: AutoscalingSettings) -> Int? {
        settings.targetInFlightTokens.map { replicas(tokens, each: Double(max(1, $0)), settings) }
    }

    private static func replicas(_ load: Double, each capacity: Double, _ settings: AutoscalingSettings)
        -> Int
    {
        // Anything above the most replicas is the same to the caller, and a huge load must not overflow.
        let wanted = min((load / capacity - 1e-9).rounded(.up), Double(settings.maxReplica))
        return max(1, settings.minReplica, Int(wanted))
    }

    /// One decision.
    /// - Parameters:
    ///   - load: requests in flight on average over the window of the settings.
    ///   - tokens: the same of tokens; means nothing without `targetInFlightTokens`.
    /// - Returns: the decision when the number changes.
    public static func decide(
        _ state: inout AutoscalerState, load: Double, tokens: Double = 0, _ settings: AutoscalingSettings,
        now: Timestamp
    ) -> ScalingDecision? {
        let wanted = replicas(for: load, tokens: tokens, settings)
        let before = state.target
        if wanted >= before {
            state.lowSince = nil
            state.target = wanted
            return decision(before, state.target, now, because(load, tokens, settings))
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
            "\(because(load, tokens, settings)), for \(settings.scaleDownDelay) s; at most \(settings.maxScaleDownRate) % leave at a time"
        )
    }

    private static func decision(_ from: Int, _ to: Int, _ now: Timestamp, _ reason: String)
        -> ScalingDecision?
    {
        from == to ? nil : ScalingDecision(at: now, from: from, to: to, reason: reason)
    }

    /// With a target for tokens, both sides are told and the one that called for the size comes first.
    private static func because(_ load: Double, _ tokens: Double, _ settings: AutoscalingSettings) -> String {
        let average = "in flight on average over \(settings.autoscalingWindow) s"
        let limits = "within \(settings.minReplica) to \(settings.maxReplica) replicas"
        let requests =
            "requests \(average), where a replica takes \(settings.concurrencyTarget) × \(settings.targetUtilizationPercentage) %"
        guard let target = settings.targetInFlightTokens,
            let byTokens = replicasByTokens(tokens, settings)
        else { return "\(tenths(load)) \(requests), \(limits)" }
        let byRequests = replicasByRequests(load, settings)
        guard byTokens > byRequests else {
            return "\(tenths(load)) \(requests), \(limits); \(tenths(tokens)) tokens call for \(byTokens)"
        }
        return
            "\(tenths(tokens)) tokens \(average), where a replica takes \(target), \(limits); \(tenths(load)) requests call for \(byRequests)"
    }

    private static func tenths(_ value: Double) -> String {
        let tenths = Int(min(value * 10, 1e15).rounded())
        return "\(tenths / 10).\(tenths % 10)"
    }
}
