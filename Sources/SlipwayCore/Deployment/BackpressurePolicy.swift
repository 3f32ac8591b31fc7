/// What becomes of requests that find every replica busy (`request_backpressure_settings` of the August contract).
public enum BackpressurePolicy: String, Sendable, Codable, CaseIterable {
    /// They wait their turn.
    case queueOnFull = "QUEUE_ON_FULL"
    /// They are answered with 529 at once, also while no replica is there; the first one still wakes the deployment.
    case rejectOnFull = "REJECT_ON_FULL"
}

extension Deployment {
    /// The policy that holds: that of the environment it serves, or its own.
    ///
    /// - Parameter environments: of its model.
    public func backpressure(among environments: some Sequence<Environment>) -> BackpressurePolicy? {
        let served = environments.first { $0.currentDeploymentID == id }
        return served.map(\.backpressure) ?? backpressure
    }
}
