// Which deployments an environment had when, told from its promotions.

/// A deployment and the time an environment sent requests to it.
public struct ServingSpan: Sendable, Equatable {
    public var deploymentID: DeploymentID
    /// Nil: since before anything is known.
    public var start: Timestamp?
    /// Nil: still.
    public var end: Timestamp?

    public init(deploymentID: DeploymentID, start: Timestamp?, end: Timestamp?) {
        self.deploymentID = deploymentID
        self.start = start
        self.end = end
    }

    public func overlaps(_ from: Timestamp, _ to: Timestamp) -> Bool {
        (start.map { $0 < to } ?? true) && (end.map { from < $0 } ?? true)
    }
}

public enum EnvironmentHistory {
    /// While a promotion runs both sides may serve, so that their spans overlap; a candidate that failed has one too.
    /// - Parameter promotions: in the order they began; one at a time ran.
    public static func spans(promotions: [Promotion], current: DeploymentID?) -> [ServingSpan] {
        var spans: [ServingSpan] = []
        var serving = promotions.first?.previousID ?? (promotions.isEmpty ? current : nil)
        var since: Timestamp?
        for promotion in promotions {
            guard promotion.status == .succeeded, let ended = promotion.endedAt else {
                spans.append(
                    ServingSpan(
                        deploymentID: promotion.candidateID, start: promotion.createdAt,
                        end: promotion.endedAt))
                continue
            }
            if let serving { spans.append(ServingSpan(deploymentID: serving, start: since, end: ended)) }
            serving = promotion.candidateID
            since = promotion.createdAt
        }
        if let serving { spans.append(ServingSpan(deploymentID: serving, start: since, end: nil)) }
        return spans
    }
}
