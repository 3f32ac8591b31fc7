// Decides from checks of one replica when it counts as unhealthy and when it is ended, by the thresholds of its config.
// Pure: time comes in.

import SlipwayTruss

struct HealthJudge: Sendable {
    enum Verdict: Sendable, Equatable {
        case fine
        /// It gets no more requests until a check is good again.
        case unhealthy
        /// It is ended, and another one takes its place.
        case end(reason: String)
    }

    /// What one round of checks found; nil where it could not be asked, which says nothing about the replica.
    struct Checks: Sendable {
        var isReady: Bool?
        /// Of the liveness route, where there is one of its own.
        var isAlive: Bool?
        /// Whether it has been ready before.
        var hasBeenReady: Bool
        var sinceStart: Duration
        /// By a steady clock.
        var now: Duration
    }

    /// Failing checks in a row until a ready replica counts as unhealthy, where the config says nothing.
    static let toleratedFailures = 3

    let thresholds: HealthChecks
    private var failures = 0
    private var unreadySince: Duration?
    private var lifelessSince: Duration?

    init(_ thresholds: HealthChecks?) { self.thresholds = thresholds ?? HealthChecks() }

    mutating func judge(_ checks: Checks) -> Verdict {
        if let isReady = checks.isReady {
            failures = isReady ? 0 : failures + 1
            unreadySince = isReady ? nil : unreadySince ?? checks.now
        }
        if let isAlive = checks.isAlive { lifelessSince = isAlive ? nil : lifelessSince ?? checks.now }
        guard checks.hasBeenReady else { return judgeStart(checks) }
        if let limit = thresholds.restartThreshold, let since = lifelessSince,
            checks.now - since >= .seconds(limit),
            checks.sinceStart >= .seconds(thresholds.restartDelay ?? 0)
        {
            return .end(
                reason:
                    "Its health check failed for \(limit) s (runtime.health_checks.restart_threshold_seconds)."
            )
        }
        guard let since = unreadySince else { return .fine }
        if let limit = thresholds.stopTrafficThreshold {
            return checks.now - since >= .seconds(limit) ? .unhealthy : .fine
        }
        return failures >= Self.toleratedFailures ? .unhealthy : .fine
    }

    private func judgeStart(_ checks: Checks) -> Verdict {
        guard let limit = thresholds.startupThreshold, checks.isReady != true,
            checks.sinceStart >= .seconds(limit)
        else { return .fine }
        return .end(
            reason:
                "It was not ready \(limit) s after its start (runtime.health_checks.startup_threshold_seconds)."
        )
    }
}
