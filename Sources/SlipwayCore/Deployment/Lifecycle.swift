// The life of a deployment as a pure function: from the stored record, what was observed and the time to the
// next record and the actions that lead there. Every action may be repeated after a crash.

/// What the shell has to do for a deployment.
public enum LifecycleAction: Sendable, Equatable {
    case startBuild
    case cancelBuild
    case startReplicas(count: Int)
    /// Takes the replica out of routing; it finishes what it has.
    case drain(ReplicaID)
    /// Ends a drained or failed replica.
    case stop(ReplicaID)
    /// Cleans up after a replica that ended by itself.
    case discard(ReplicaID)
}

/// The outcome of one step.
public struct LifecycleStep: Sendable, Equatable {
    public var deployment: Deployment
    public var actions: [LifecycleAction]
    public var crashes: CrashHistory
}

public enum Lifecycle {
    /// The longest a replica that is leaving may finish its requests: the longest prediction allowed
    /// (behaviour.md section 5.2 leaves the grace open).
    public static let longestDrain: Duration = .seconds(1200)
    /// A draining replica stays at least this long, so that a request that chose it just before the routing
    /// changed is counted by then.
    public static let shortestDrain: Duration = .milliseconds(500)

    /// Decides the next step of a deployment.
    public static func step(_ deployment: Deployment, _ situation: Situation, now: Timestamp) -> LifecycleStep
    {
        var life = Life(deployment: deployment, situation: situation, now: now)
        life.advance()
        return LifecycleStep(deployment: life.deployment, actions: life.actions, crashes: life.crashes)
    }
}

/// One step in the making.
private struct Life {
    var deployment: Deployment
    let situation: Situation
    let now: Timestamp
    var actions: [LifecycleAction] = []
    var crashes: CrashHistory

    init(deployment: Deployment, situation: Situation, now: Timestamp) {
        self.deployment = deployment
        self.situation = situation
        self.now = now
        self.crashes = situation.crashes
    }

    mutating func advance() {
        if deployment.desired == .inactive {
            deactivate()
        } else if deployment.status.isFailure {
            emptyOut()
        } else if deployment.status == .building {
            build()
        } else {
            serve()
        }
        endDrained()
    }

    // MARK: Building

    private mutating func build() {
        if deployment.imageID != nil, !situation.imageIsMissing { return beginDeploy() }
        switch situation.build {
        case .idle:
            actions.append(.startBuild)
            if deployment.isRebuilt { set(.building, rebuildReason) }
        case .running: break
        case .succeeded(let image):
            beginDeploy()
            deployment.imageID = image
        case .failed(let reason):
            // What has served is built again until that succeeds: requests wait for it.
            if deployment.isRebuilt, !PlantedBug.isPlanted(.givesUpLostImages) { return }
            set(.buildFailed, reason)
        }
    }

    private var rebuildReason: String {
        let reason = "Its image is not on this machine: it is built again from the archive."
        return situation.buildProblem.map { "\(reason) The last build failed and is tried again: \($0)" }
            ?? reason
    }

    /// A first start has to succeed within the deploy timeout; what has served before is started as after a crash.
    private mutating func beginDeploy() {
        if deployment.isRebuilt { return set(.wakingUp, "Starting a replica.") }
        deployment.deployStartedAt = now
        set(.deploying, "Starting the first replica.")
    }

    // MARK: Serving

    private mutating func serve() {
        guard let image = deployment.imageID else { return set(.building, nil) }
        if deployment.desired == .zero, situation.demanded || (situation.plannedReplicas ?? 0) > 0 {
            deployment.desired = .running
        }
        goIdleIfUnused()

        for replica in leftovers(of: image) { actions.append(.drain(replica.id)) }
        for replica in situation.replicas where replica.hasExited {
            actions.append(.discard(replica.id))
            if replica.failedToStart {
                if replica.drainingSince == nil, replica.runs(image) {
                    crashes.record(at: now, reason: replica.reason, served: nil)
                }
                continue
            }
            if deployment.deployStartedAt != nil, replica.runs(image), replica.drainingSince == nil {
                return failDeploy(replica.reason ?? replica.exitDescription)
            }
            if replica.drainingSince == nil, replica.runs(image) {
                crashes.record(
                    at: now, reason: replica.reason ?? replica.exitDescription,
                    served: replica.readySince.map { now - $0 })
            }
        }
        if let started = deployment.deployStartedAt,
            now - started >= .seconds(deployment.deployTimeoutSeconds)
        {
            return failDeploy(
                "No replica became ready within the deploy timeout of \(deployment.deployTimeoutSeconds) s"
                    + ((situation.shortage.map { "waiting for \($0)" } ?? crashes.lastReason)
                        .map { ": \($0)" } ?? "."))
        }
        if situation.imageIsMissing, wantedReplicas > live(image).count {
            if live(image).isEmpty { return buildAgain() }
            // Beside the replicas that go on serving; more are started once it is there.
            if situation.build == .idle { actions.append(.startBuild) }
        }
        scale(image)
        report(image)
    }

    /// What is deployed is what was uploaded: the image can be made again wherever the archive is.
    private mutating func buildAgain() {
        deployment.deployStartedAt = nil
        set(.building, rebuildReason)
    }

    /// Replicas of an earlier image (a development deployment that was pushed again), or of none.
    private func leftovers(of image: ImageID) -> [Replica] {
        situation.replicas.filter { !$0.runs(image) && $0.drainingSince == nil && !$0.hasExited }
    }

    /// Live replicas of the current image.
    private func live(_ image: ImageID) -> [Replica] {
        situation.replicas.filter { $0.runs(image) && $0.drainingSince == nil && !$0.hasExited }
    }

    private var wantedReplicas: Int {
        switch deployment.desired {
        case .inactive: 0
        case .zero: deployment.autoscaling.minReplica
        case .running:
            situation.plannedReplicas.map { max(1, $0) }
                ?? max(
                    1, deployment.autoscaling.minReplica,
                    min(situation.scalingTarget, deployment.autoscaling.maxReplica))
        }
    }

    /// The last replica goes only after a full idle delay, even if it is unhealthy (behaviour.md section 5.2). Those before
    /// it go as `max_scale_down_rate` says.
    private mutating func goIdleIfUnused() {
        guard deployment.desired == .running, deployment.autoscaling.minReplica == 0,
            deployment.deployStartedAt == nil,
            deployment.status == .active || deployment.status == .unhealthy,
            situation.requestsInFlight == 0, !situation.demanded, situation.plannedReplicas == nil,
            situation.scalingTarget <= 1,
            !situation.isBeingReplaced || PlantedBug.isPlanted(.sleepsDuringPromotions)
        else { return }
        let since = max(
            situation.lastActivity ?? situation.observedSince, situation.observedSince,
            situation.reducedAt ?? situation.observedSince,
            deployment.status == .active ? deployment.statusSince : situation.observedSince)
        if now - since >= .seconds(deployment.autoscaling.scaleDownDelay) { deployment.desired = .zero }
    }

    private mutating func scale(_ image: ImageID) {
        let live = live(image)
        let missing = wantedReplicas - live.count
        if missing > 0 {
            if situation.imageIsMissing { return }
            if let allowed = crashes.restartAllowedAt, now < allowed { return }
            actions.append(.startReplicas(count: missing))
        } else if missing < 0 {
            // The least useful leave first: those not ready, then the youngest.
            let leaving = live.sorted {
                ($0.phase == .ready ? 1 : 0, $1.startedAt) < ($1.phase == .ready ? 1 : 0, $0.startedAt)
            }
            for replica in leaving.prefix(-missing) { actions.append(.drain(replica.id)) }
        }
    }

    private mutating func report(_ image: ImageID) {
        let live = live(image)
        if deployment.desired == .zero, wantedReplicas == 0 {
            deployment.deployStartedAt = nil
            return set(.scaledToZero, "No replica runs; the next request starts one.")
        }
        if live.contains(where: { $0.phase == .ready }) {
            deployment.deployStartedAt = nil
            deployment.hasBeenActive = true
            crashes.failuresInARow = 0
            return set(.active, nil)
        }
        let loading = live.contains { $0.phase == .loading }
        let starting =
            live.isEmpty ? situation.shortage.map { "Waiting for \($0)." } ?? startProblem : nil
        if deployment.deployStartedAt != nil {
            return loading
                ? set(.loadingModel, "The model is loading.")
                : set(.deploying, starting ?? "Starting a replica.")
        }
        if let sick = live.first(where: { $0.phase == .unhealthy }) {
            return set(.unhealthy, sick.reason ?? "The readiness route of the replica fails.")
        }
        // Requests go on being held for one that is woken up and cannot be started yet.
        let isOnlyStarting = deployment.status == .wakingUp && startProblem != nil
        if crashes != situation.crashes && !isOnlyStarting || deployment.status == .unhealthy {
            return set(.unhealthy, crashReason)
        }
        if deployment.status == .active || deployment.status == .updating {
            return set(.updating, "The replicas are being replaced.")
        }
        if loading { return set(.loadingModel, "The model is loading.") }
        set(.wakingUp, starting ?? "Starting a replica.")
    }

    /// Tells a client that waits from one that is refused.
    private var crashReason: String {
        let reason = "A replica ended: \(crashes.lastReason ?? "reason unknown")"
        return crashes.isLoop ? reason : "\(reason) Another one is started; requests wait for it."
    }

    /// Why the machine did not start a replica when it was asked last; nil when it did.
    private var startProblem: String? {
        if let failed = situation.replicas.first(where: { $0.hasExited && $0.failedToStart }) {
            return failed.reason
        }
        guard let allowed = crashes.restartAllowedAt, now < allowed else { return nil }
        return crashes.lastReason
    }

    // MARK: Ending

    private mutating func failDeploy(_ reason: String) {
        deployment.deployStartedAt = nil
        crashes = CrashHistory()
        set(.deployFailed, reason)
        emptyOut()
    }

    private mutating func deactivate() {
        deployment.deployStartedAt = nil
        if situation.build == .running { actions.append(.cancelBuild) }
        emptyOut()
        let busy = situation.build == .running || !situation.replicas.isEmpty
        set(
            busy ? .deactivating : .inactive,
            busy ? "Replicas finish their requests and stop." : "Deactivated; activate it to serve again.")
    }

    /// Drains every replica that still runs and cleans up after those that ended.
    private mutating func emptyOut() {
        for replica in situation.replicas {
            let action: LifecycleAction? =
                replica.hasExited
                ? .discard(replica.id) : replica.drainingSince == nil ? .drain(replica.id) : nil
            if let action, !actions.contains(action) { actions.append(action) }
        }
    }

    /// Draining replicas stop with their last request, or when the longest drain has passed.
    private mutating func endDrained() {
        for replica in situation.replicas where !replica.hasExited {
            guard let since = replica.drainingSince else { continue }
            let isIdle =
                situation.inFlight[replica.id, default: 0] == 0 || PlantedBug.isPlanted(.stopsBusyReplicas)
            let drained =
                isIdle && now - since >= Lifecycle.shortestDrain
            if drained || now - since >= Lifecycle.longestDrain {
                actions.append(.stop(replica.id))
            }
        }
    }

    private mutating func set(_ status: DeploymentStatus, _ reason: String?) {
        if deployment.status != status {
            deployment.status = status
            deployment.statusSince = now
        }
        deployment.statusReason = reason
    }
}

extension Replica {
    public var hasExited: Bool {
        if case .exited = phase { true } else { false }
    }

    var exitDescription: String {
        guard case .exited(let code) = phase else { return "" }
        return code > 128
            ? "The replica was ended by signal \(code - 128)." : "The replica exited with code \(code)."
    }
}
