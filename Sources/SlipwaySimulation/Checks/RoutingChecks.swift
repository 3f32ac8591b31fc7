// Promises about traffic: an environment that can serve does, and no replica is ended under a request.

import SlipwayCore
import SlipwayGateway

final class RoutingChecks: @unchecked Sendable {
    private unowned let world: World
    /// When each replica was last in a table, in the server's time.
    private var lastRouted: [ReplicaID: Int64] = [:]
    private(set) var swaps = 0
    /// Since when each environment has had what it has now, wanted and in order.
    private var settled: [Ledger.EnvironmentKey: Settled] = [:]

    /// The longest a ready replica may be missing from the table. Passes are slow here: several seconds apart, and
    /// each read and write may take some more.
    private static let longestUnrouted: Duration = .seconds(30)

    private struct Settled {
        var deployment: DeploymentID
        var image: ImageID
        /// One that slept for a moment between two looks has let its replicas go.
        var status: Timestamp
        var since: Int64

        func isSame(as other: Settled) -> Bool {
            (deployment, image, status) == (other.deployment, other.image, other.status)
        }
    }

    init(world: World) { self.world = world }

    func serverDied() { lastRouted = [:] }

    // MARK: What is ready is routed

    /// Looks at every environment each simulated second until the end.
    func watch() {
        checkRoutable()
        checkFeed()
        world.times.check()
        world.scheduler.after(.seconds(1)) { [self] in if !world.isOver { watch() } }
    }

    /// What the controller keeps is what is stored: it hears of every change.
    private func checkFeed() {
        guard let control = world.server?.control else { return }
        world.evaluated(.feedIsComplete)
        let (count, last) = control.feedRepairs
        if count > 0 {
            world.violate(.feedIsComplete, "the controller had not heard of \(count) changes: \(last)")
        }
    }

    private func checkRoutable() {
        guard let table = world.server?.gateway.table, world.isSteady else { return settled = [:] }
        let now = world.scheduler.elapsed
        let bound = Self.longestUnrouted.microseconds
        for (key, environment) in world.records.records.environments {
            guard let current = subject(environment) else {
                settled[key] = nil
                continue
            }
            if settled[key]?.isSame(as: current) != true { settled[key] = current }
            // One that moved away and came back between two polls is in the next table, as after any move.
            if let moved = world.records.movedAt[key], let since = settled[key]?.since, moved > since {
                settled[key]?.since = moved
            }
            // Ready for long, and the server was not about to end it.
            guard let since = settled[key]?.since, now - since > bound,
                world.machine.processes.values.contains(where: { process in
                    process.spec.deploymentID == current.deployment && process.code == current.image
                        && !process.isStopping && process.readySince.map { now - $0 > bound } ?? false
                })
            else { continue }
            world.evaluated(.routable)
            let isCurrent = table.models[key.model]?.environments[key.name] == .some(current.deployment)
            let routes = table.deployments[current.deployment]?.replicas ?? []
            let leads = routes.contains {
                world.machine.processes[$0.replicaID]?.spec.deploymentID == current.deployment
            }
            if !isCurrent || !leads {
                world.violate(
                    .routable,
                    "environment \(key.name) of \(key.model) has a ready replica and is not routed: \(current.deployment) is \(isCurrent ? "current" : "not current"), with \(routes.map(\.replicaID))"
                )
            }
        }
    }

    /// What an environment has, while it is wanted and nothing has happened to it.
    private func subject(_ environment: Environment) -> Settled? {
        let now = world.scheduler.elapsed
        guard let id = environment.currentDeploymentID,
            let deployment = world.records.records.deployments[id], let image = deployment.imageID,
            deployment.desired == .running, !deployment.status.isFailure,
            !world.hasExcuse(id, since: now - Self.longestUnrouted.microseconds)
        else { return nil }
        return Settled(deployment: id, image: image, status: deployment.statusSince, since: now)
    }

    /// Who sees the first deployment of an environment ACTIVE may call the environment.
    func checkFirst(_ deployment: Deployment, _ records: RecordChecks.Records) {
        guard let table = world.server?.gateway.table, world.ledger.deployments[deployment.id] == .there
        else { return }
        for promotion in records.promotions.values
        where promotion.candidateID == deployment.id && !promotion.status.isTerminal && !promotion.awaitsGate
        {
            let key = Ledger.EnvironmentKey(model: promotion.modelID, name: promotion.environment)
            // The promotion itself may be news to the server.
            let isFirst = promotion.createdAt == deployment.createdAt
            guard isFirst || world.ledger.promoted[key]?.contains(deployment.id) ?? false,
                records.environments[key]?.currentDeploymentID == nil
            else { continue }
            world.evaluated(.activeIsRouted)
            if table.models[key.model]?.environments[key.name] != .some(deployment.id) {
                world.violate(
                    .activeIsRouted,
                    "deployment \(deployment.id) is ACTIVE and environment \(key.name) does not lead to it")
            }
        }
    }

    // MARK: Tables and replicas

    func published(_ new: RoutingTable, after old: RoutingTable) {
        world.records.rollouts.published(new)
        for route in new.deployments.values {
            for replica in route.replicas { lastRouted[replica.replicaID] = world.scheduler.elapsed }
        }
        for (model, routes) in new.models {
            for (name, current) in routes.environments {
                guard let current, let before = old.models[model]?.environments[name] ?? nil,
                    before != current
                else { continue }
                swaps += 1
                checkSwap(name, from: old.deployments[before], to: new.deployments[current])
            }
        }
    }

    /// An environment moves to what can serve.
    private func checkSwap(_ name: String, from old: DeploymentRoute?, to new: DeploymentRoute?) {
        guard let old,
            old.replicas.contains(where: { world.machine.processes[$0.replicaID]?.answers ?? false })
        else { return }
        world.evaluated(.swapToReady)
        guard
            new?.replicas.isEmpty ?? true, !world.hasExcuse(new?.deploymentID ?? old.deploymentID, since: 0)
        else { return }
        world.violate(
            .swapToReady,
            "environment \(name) moved from \(old.deploymentID), which served, to \(new?.deploymentID.text ?? "nothing"), which does not"
        )
    }

    /// A server is about to end a replica.
    func stops(_ process: Machine.Process, grace: Duration) {
        let id = process.spec.replicaID
        world.evaluated(.stopsIdle)
        let busy = world.server?.gateway.inFlight(replica: id) ?? 0
        guard busy > 0, !process.hasExited,
            world.records.records.deployments[process.spec.deploymentID] != nil
        else { return }
        let since = Duration.microseconds(
            world.scheduler.elapsed - (lastRouted[id] ?? world.scheduler.elapsed))
        if since < Lifecycle.longestDrain {
            world.violate(
                .stopsIdle, "replica \(id) is stopped \(since) after it left the table, with \(busy) requests"
            )
        }
    }

    /// A deployment without a ready replica may have to wait for room.
    private func lacksRoom(_ id: DeploymentID, since moment: Int64) -> Bool {
        world.machine.wasFull(since: moment)
            && !world.machine.processes.values.contains {
                $0.spec.deploymentID == id && $0.readySince.map { $0 < moment } ?? false
            }
    }

    /// A client's prediction ended. Since when it ran, and where it went, decide whether it may have failed.
    func ended(_ outcome: CallOutcome, _ key: Ledger.EnvironmentKey, began: Int64) {
        let slack = Duration.seconds(180).microseconds
        guard world.ledger.models[key.model] == .there, world.ledger.environments[key] == .there,
            let id = world.records.records.environments[key]?.currentDeploymentID,
            let current = world.records.records.deployments[id], current.desired != .inactive
        else { return }
        world.evaluated(.requestIsServed)
        switch outcome {
        case .answered: world.answered += 1
        case .serverDied: break
        case .lost(let deployment):
            guard !world.hasExcuse(deployment, since: began),
                world.records.records.deployments[deployment] != nil
            else { return }
            world.violate(.requestIsServed, "a request of \(deployment) was lost with its replica")
        case .refused(let status, let reason, let by):
            let id = by ?? id
            if world.ledger.deployedAgain.contains(id),
                world.records.records.deployments[id]?.status == .deployFailed
            {
                return
            }
            // What has just moved may not be in the table yet.
            guard began - (world.records.movedAt[key] ?? 0) > Duration.seconds(5).microseconds,
                status != 500 || !reason.contains("held"), !world.hasExcuse(id, since: began - slack),
                !world.hasExcuse(key.model, since: began - slack), !lacksRoom(id, since: began - slack)
            else { return }
            world.violate(
                .requestIsServed,
                "environment \(key.name) of \(key.model) refused a request: \(status) \(reason)")
        }
    }
}
