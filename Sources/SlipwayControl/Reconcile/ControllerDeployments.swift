// One step of every deployment that is not at rest: the core decides, the decision is stored and then carried out.

import SlipwayCore
import SlipwayStore

/// Deployments that a promotion is about to move an environment away from, so that they must stay ready to serve. Not while
/// the candidate waits for room: one that nobody calls makes room then, by going to sleep as ever.
private func replaced(
    by promotions: [Promotion], _ shortages: [DeploymentID: String]
) -> Set<DeploymentID> {
    Set(promotions.filter { shortages[$0.candidateID] == nil }.compactMap(\.previousID))
}

extension Controller {
    func stepDeployments() async throws {
        // What became ready serves without waiting for the disk, and no reader sees ACTIVE where a call would find nothing: of
        // the very replicas that are looked at here, which may have changed since the pass began.
        route()
        let now = dependencies.now()
        let subjects = subjects
        let load = gateway.load(of: subjects)
        let byDeployment = Dictionary(grouping: replicas.values, by: \.deploymentID)
        let plans = plannedReplicas()
        let replaced = replaced(by: records.promotions, shortages)
        let demanded = demands
        var seen: [DeploymentID: Deployment] = [:]
        var situations: [DeploymentID: Situation] = [:]
        for id in subjects where !held.contains(id) {
            guard let deployment = records.deployments[id] else { continue }
            endRebuild(of: deployment)
            let mine = (byDeployment[id] ?? []).sorted { $0.id < $1.id }
            let work = board.work(of: id)
            let situation = Situation(
                replicas: mine,
                inFlight: Dictionary(
                    uniqueKeysWithValues: mine.filter { $0.drainingSince != nil }.map {
                        ($0.id, gateway.inFlight(replica: $0.id) + board.inFlight($0.id))
                    }),
                build: observation(of: deployment),
                lastActivity: [load[id]?.lastActivity, work.lastEnd].compactMap(\.self).max(),
                requestsInFlight: (load[id]?.inFlight ?? 0) + work.inFlight,
                demanded: demanded.contains(id) || (load[id]?.parked ?? 0) > 0,
                plannedReplicas: plans[id], scalingTarget: scalers[id]?.target ?? 0,
                reducedAt: scalers[id]?.reducedAt,
                crashes: crashes[id] ?? .init(), shortage: shortages[id],
                observedSince: observedSince,
                imageIsMissing: deployment.imageID.map(lostImages.contains) ?? false,
                buildProblem: buildDelay(of: deployment)?.reason,
                isBeingReplaced: replaced.contains(id))
            let step = Lifecycle.step(deployment, situation, now: now)
            if step.deployment != deployment || !step.actions.isEmpty {
                situations[id] = situation
                seen[id] = deployment
            }
        }
        // One that waits for room asks for it in every pass.
        shortages = shortages.filter { situations[$0.key] != nil }
        let steps = try await decide(situations, seen: seen, now: now)
        demands.subtract(demanded.subtracting(held))
        for step in steps { await follow(step, from: seen[step.deployment.id]?.status) }
        // The new records may ask for the next step at once.
        if steps.contains(where: { seen[$0.deployment.id]?.status != $0.deployment.status }) { inbox.ring() }
    }

    /// Decides again inside the transaction: a command may have changed the record since it was read.
    private func decide(
        _ situations: [DeploymentID: Situation], seen: [DeploymentID: Deployment], now: Timestamp
    ) async throws -> [LifecycleStep] {
        if situations.isEmpty { return [] }
        // Who came first gets the room there is.
        let order = seen.values.oldestFirst.map(\.id)
        return try await store.write { [shortages] db in
            let replaced = replaced(by: try db.runningPromotions(), shortages)
            return try order.compactMap { id -> LifecycleStep? in
                guard var situation = situations[id] else { return nil }
                situation.isBeingReplaced = replaced.contains(id)
                // With another image the replicas seen here are not what they seem: they may have taken it over.
                guard var current = try db.deployment(id), current.imageID == seen[id]?.imageID else {
                    return nil
                }
                if PlantedBug.isPlanted(.trustsOldRecords), let old = seen[id] {
                    current = old.with(textsOf: current)
                }
                let step = Lifecycle.step(current, situation, now: now)
                if step.deployment != current { try db.update(step.deployment) }
                if let decision = Self.decision(from: current, to: step.deployment, situation, now) {
                    try db.insert(decision, of: id, most: Self.keptDecisions)
                }
                return step
            }
        }
    }

    /// Carries out what is stored.
    private func follow(_ step: LifecycleStep, from before: DeploymentStatus?) async {
        let id = step.deployment.id
        if before != step.deployment.status { announce(step.deployment) }
        if crashes[id]?.isLoop ?? false != step.crashes.isLoop { noteRoute(of: id) }
        crashes[id] = step.crashes == CrashHistory() ? nil : step.crashes
        // Its outcome is stored.
        if step.deployment.status != .building, builds[id]?.observation != .running {
            builds[id] = nil
            if before == .building { buildDelays[id] = nil }
        }
        for action in step.actions { await carryOut(action, for: step.deployment) }
    }

    private func observation(of deployment: Deployment) -> BuildObservation {
        guard let build = builds[deployment.id], build.archiveKey == deployment.archiveKey else {
            return .idle
        }
        return build.observation
    }
}

extension Deployment {
    /// The records that the controller keeps are without these.
    fileprivate func with(textsOf other: Deployment) -> Deployment {
        var whole = self
        (whole.rawConfig, whole.configJSON, whole.labelsJSON) = (
            other.rawConfig, other.configJSON, other.labelsJSON
        )
        (whole.trussHash, whole.trussSignature) = (other.trussHash, other.trussSignature)
        return whole
    }
}
