// After the storm everything has to come to rest: nothing half done, nothing left behind.

import SlipwayControl
import SlipwayCore

struct Rest: @unchecked Sendable {
    /// Longer than any deploy timeout, rollout and watch together.
    private static let patience: Duration = .seconds(3 * 3600)

    let world: World

    func check() async {
        var unrest: String?
        var waited: Duration = .zero
        while waited < Self.patience {
            try? await world.scheduler.sleep(.seconds(20))
            waited += .seconds(20)
            await resumePaused()
            unrest = whatIsUnrest()
            if unrest == nil { break }
        }
        world.evaluated(.rest)
        if let unrest { return world.violate(.rest, "after the storm: \(unrest)") }
        checkStatuses()
        await leaveNothing()
    }

    private func resumePaused() async {
        for promotion in world.records.records.promotions.values where promotion.status == .paused {
            _ = await world.ask("resume") {
                try await $0.signalPromotion(
                    .resume, in: promotion.environment, of: promotion.modelID, by: $1)
            }
        }
    }

    /// What still moves or is not as it should be; nil when all is at rest.
    private func whatIsUnrest() -> String? {
        let records = world.records.records
        guard world.server?.caller != nil else { return "no server serves" }
        for promotion in records.promotions.values where !promotion.status.isTerminal || promotion.isWatched {
            if !promotion.isWatched, waitsForRoom(promotion) { continue }
            return "promotion \(promotion.id) is \(promotion.status.rawValue)"
        }
        for deployment in records.deployments.values {
            let waits = waitsForRoom(deployment)
            switch deployment.status {
            case .updating where waits, .wakingUp where waits, .unhealthy where waits: continue
            case .building, .deploying, .loadingModel, .updating, .wakingUp, .deactivating, .unhealthy:
                return
                    "deployment \(deployment.id) is \(deployment.status.rawValue): \(deployment.statusReason ?? "")"
            default: break
            }
            if let problem = wrongReplicas(of: deployment) { return problem }
        }
        for process in world.machine.processes.values
        where records.deployments[process.spec.deploymentID] == nil {
            return "replica \(process.spec.replicaID) belongs to nobody"
        }
        for open in world.queue.open {
            // One that is to be tried again waits for a replica as long as it takes.
            if let deployment = records.deployments[open.deploymentID], !open.status.isEnd,
                waitsForRoom(deployment)
            {
                continue
            }
            return
                "asynchronous request \(open.id) of \(open.deploymentID) is \(open.status.rawValue), its webhook \(open.webhookStatus.rawValue)"
        }
        return nil
    }

    /// It wants a replica, and the machine has no room for one. One that sleeps wants those of its settings, which an
    /// environment may have given it meanwhile.
    private func waitsForRoom(_ deployment: Deployment) -> Bool {
        let wantsOne =
            deployment.desired == .running
            || deployment.desired == .zero && deployment.autoscaling.minReplica > 0
        return wantsOne && !world.machine.hasRoom(for: deployment)
    }

    private func waitsForRoom(_ promotion: Promotion) -> Bool {
        promotion.sides.contains { world.records.records.deployments[$0].map(waitsForRoom) ?? false }
    }

    private func wrongReplicas(of deployment: Deployment) -> String? {
        let mine = world.machine.processes.values.filter { $0.spec.deploymentID == deployment.id }
        let wanted: ClosedRange<Int>
        switch deployment.status {
        case .active:
            let least = waitsForRoom(deployment) ? 1 : max(1, deployment.autoscaling.minReplica)
            wanted = least...max(1, deployment.autoscaling.maxReplica)
        case .scaledToZero: wanted = 0...0
        default: wanted = 0...0
        }
        if wanted.contains(mine.count) { return nil }
        return
            "deployment \(deployment.id) is \(deployment.status.rawValue) with \(mine.count) replicas, not \(wanted)"
    }

    /// A status says what is true.
    private func checkStatuses() {
        for deployment in world.records.records.deployments.values where deployment.status == .active {
            world.evaluated(.activeServes)
            let serving = world.machine.processes.values.contains {
                $0.spec.deploymentID == deployment.id && $0.answers && $0.code == deployment.imageID
            }
            if !serving {
                world.violate(.activeServes, "deployment \(deployment.id) is ACTIVE and nothing serves")
            }
        }
        guard let table = world.server?.gateway.table else { return }
        for (key, environment) in world.records.records.environments {
            guard let id = environment.currentDeploymentID,
                world.records.records.deployments[id]?.status == .active
            else { continue }
            if table.models[key.model]?.environments[key.name] != .some(id)
                || table.deployments[id]?.replicas.isEmpty ?? true
            {
                world.violate(.routable, "environment \(key.name) of \(key.model) is healthy and not routed")
            }
        }
    }

    /// When every model is deleted, no process is left.
    private func leaveNothing() async {
        for model in world.records.records.models.sorted() {
            world.ledger.models[model] = .unknown
            let deletion = world.ledger.beginDeletion { $0.model == model }
            defer { world.ledger.endDeletion(deletion) }
            world.ledger.patched[model] = nil
            for (id, fate) in world.ledger.deployments where fate == .there {
                world.ledger.deployments[id] = .unknown
            }
            for key in world.ledger.environments.keys where key.model == model {
                world.ledger.environments[key] = .unknown
            }
            let answer = await world.ask("delete \(model)") { try await $0.deleteModel(model, by: $1) }
            guard case .acknowledged = answer else {
                return world.violate(.rest, "model \(model) cannot be deleted")
            }
        }
        // Draining replicas have at most as long as a prediction may take.
        for _ in 0..<90 where !world.machine.processes.isEmpty {
            try? await world.scheduler.sleep(.seconds(20))
        }
        world.evaluated(.nothingIsLeft)
        if let left = world.machine.processes.keys.min() {
            world.violate(.nothingIsLeft, "replica \(left) is left behind")
        }
        if let left = world.machine.images.keys.min() { world.note("image \(left) is left behind") }
    }
}
