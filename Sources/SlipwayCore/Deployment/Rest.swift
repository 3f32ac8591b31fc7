// Deployments that need nobody to look at them.

extension Deployment {
    /// Nothing but a command, a request or a promotion can change it while it has no replica and no build: neither time
    /// nor anything the machine does. The controller leaves it out of its passes.
    public var isAtRest: Bool {
        if deployStartedAt != nil { return false }
        if desired == .inactive { return status == .inactive }
        if status.isFailure { return true }
        return desired == .zero && status == .scaledToZero && autoscaling.minReplica == 0 && imageID != nil
    }
}
