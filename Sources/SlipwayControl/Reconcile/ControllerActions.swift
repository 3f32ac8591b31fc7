// How the controller carries out what the core decided, and what it makes of the engine's reports.

import Foundation
import SlipwayCore
import SlipwayEngine
import SlipwayStore

extension Controller {
    func carryOut(_ action: LifecycleAction, for deployment: Deployment) async {
        switch action {
        case .startBuild: startBuild(of: deployment)
        case .cancelBuild:
            builds[deployment.id]?.task?.cancel()
        case .startReplicas(let count): startReplicas(count, of: deployment)
        case .drain(let id): drain(id)
        case .stop(let id): stop(id, grace: Self.stopGrace)
        case .discard(let id): stop(id, grace: .zero)
        }
    }

    func drain(_ id: ReplicaID) {
        guard replicas[id]?.drainingSince == nil else { return }
        replicas[id]?.drainingSince = dependencies.now()
        noteRoute(of: replicas[id]?.deploymentID)
    }

    /// Whether the replica is there and not leaving already.
    func runs(_ id: ReplicaID, of deployment: DeploymentID) -> Bool {
        guard let replica = replicas[id], replica.deploymentID == deployment else { return false }
        return replica.drainingSince == nil && !replica.hasExited
    }

    /// What was ended by a call of the last run.
    func drainTerminated() async throws {
        let terminated = try await store.read { try $0.terminatedReplicas() }
        guard !terminated.isEmpty else { return }
        for id in terminated { drain(id) }
        let running = Set(replicas.keys)
        try await store.write { try $0.forgetTerminations(except: running) }
    }

    // MARK: Builds

    private func startBuild(of deployment: Deployment) {
        builds[deployment.id]?.task?.cancel()
        if let delay = buildDelay(of: deployment), dependencies.now() < delay.end { return }
        guard freeing == 0, builds.values.filter({ $0.observation == .running }).count < Self.buildsAtOnce
        else { return }
        builds[deployment.id] = Build(archiveKey: deployment.archiveKey, observation: .running, task: nil)
        let archiveKey = deployment.archiveKey
        builds[deployment.id]?.task = Task { [engine, logs, dependencies, store] in
            let outcome: BuildObservation
            do {
                guard let path = try await Self.archive(archiveKey, store, dependencies) else {
                    throw BuildFailure(reason: "The uploaded archive is gone.")
                }
                let name = try await store.read { try $0.model(deployment.modelID)?.name }
                let secrets = try await DeploymentSecrets(store: store, box: dependencies.secretBox).values(
                    SecretNames.ofBuild(inConfigJSON: deployment.configJSON), of: deployment.modelID)
                let image = try await engine.build(
                    BuildRequest(
                        deploymentID: deployment.id, modelName: name ?? "", archivePath: path,
                        isDevelopment: deployment.isDevelopment, secrets: secrets)
                ) { logs.append($0, to: deployment.id) }
                if let source = image.source {
                    try await Self.keep(source, of: deployment, in: store)
                }
                outcome = .succeeded(image.id)
            } catch let failure as BuildFailure {
                outcome = .failed(reason: failure.reason)
            } catch is CancellationError {
                outcome = .idle
            } catch let failure as StorageFailure {
                // The store has no part in what was pushed.
                self.delayBuild(of: deployment, failure.publicMessage)
                outcome = .idle
            } catch let shortage as StartFailure where shortage.cause == .machine {
                self.delayBuild(of: deployment, shortage.reason)
                outcome = .idle
            } catch {
                outcome = .failed(reason: "The build could not be carried out: \(error)")
            }
            self.buildEnded(of: deployment.id, archiveKey: archiveKey, outcome)
        }
    }

    /// The archive of a build.
    /// - Throws: `StartFailure` where it cannot be read now, which says nothing about the build.
    private static func archive(
        _ key: String, _ store: Store, _ dependencies: ControlDependencies
    ) async throws -> String? {
        do {
            return try await PushedArchives(store: store, dependencies: dependencies).path(key)
        } catch let changed as ChangedArchive {
            throw BuildFailure(reason: changed.description)
        } catch {
            if error is CancellationError || error is StorageFailure { throw error }
            throw StartFailure(reason: "The uploaded archive cannot be read now.", cause: .machine)
        }
    }

    /// Why and until when the build of the deployment's present archive waits.
    func buildDelay(of deployment: Deployment) -> BuildDelay? {
        guard let delay = buildDelays[deployment.id], delay.archiveKey == deployment.archiveKey else {
            return nil
        }
        return delay
    }

    /// Puts off the next build attempt. The reason is logged once for as long as it is the same.
    ///
    /// - Parameter hasFailed: the pause grows with each failure in a row; otherwise the machine lacked something.
    private func delayBuild(of deployment: Deployment, _ reason: String, hasFailed: Bool = false) {
        let earlier = buildDelay(of: deployment)
        if earlier?.reason != reason { log("The build waits: \(reason)", .warning, of: deployment.id) }
        let failures = (earlier?.failures ?? 0) + (hasFailed ? 1 : 0)
        let pause =
            hasFailed
            ? min(Self.pauseAfterFailure * (1 << min(failures - 1, 10)), Self.maxPauseAfterFailure)
            : Self.pauseAfterShortage
        buildDelays[deployment.id] = BuildDelay(
            archiveKey: deployment.archiveKey, reason: reason, end: dependencies.now() + pause,
            failures: failures)
    }

    /// Ends the rebuild of a lost image: it is there again, or the build is tried again later. Where replicas still
    /// serve, an image that has become another one is of no use: the deployment would have to start anew.
    func endRebuild(of deployment: Deployment) {
        let isBuilding = deployment.status == .building
        guard !isBuilding || deployment.isRebuilt, let build = builds[deployment.id] else { return }
        switch build.observation {
        case .idle, .running: return
        case .succeeded where isBuilding: return
        case .succeeded(deployment.imageID): buildDelays[deployment.id] = nil
        case .succeeded(let other):
            delayBuild(of: deployment, "the image that was built again is another one", hasFailed: true)
            Task { await free(other) }
        case .failed(let reason):
            if isBuilding, PlantedBug.isPlanted(.givesUpLostImages) { return }
            delayBuild(of: deployment, reason, hasFailed: true)
        }
        builds[deployment.id] = nil
    }

    /// A synced patch has brought its own signature; a push gets the one of its archive.
    private static func keep(
        _ source: SourceSignature, of deployment: Deployment, in store: Store
    ) async throws {
        try await store.write { db in
            guard var current = try db.deployment(deployment.id),
                current.archiveKey == deployment.archiveKey, current.trussHash == nil
            else { return }
            current.trussHash = source.hash
            current.trussSignature = source.signature
            try db.update(current)
        }
    }

    private func buildEnded(of id: DeploymentID, archiveKey: String, _ outcome: BuildObservation) {
        guard builds[id]?.archiveKey == archiveKey else {
            // Deleted or pushed again meanwhile: nobody else knows of its image.
            if case .succeeded(let image) = outcome { Task { await free(image) } }
            forgetLog(of: id)
            return inbox.ring()
        }
        if outcome == .idle {
            builds[id] = nil
        } else {
            builds[id]?.observation = outcome
            builds[id]?.task = nil
        }
        inbox.ring()
    }

    /// Lets a retry build again: the failed observation would otherwise be seen once more.
    func forgetBuild(of id: DeploymentID) {
        builds[id]?.task?.cancel()
        builds[id] = nil
        buildDelays[id] = nil
        crashes[id] = nil
        noteRoute(of: id)
    }

    // MARK: Replicas

    /// As many as there is room for; the rest is asked for again in the next pass.
    private func startReplicas(_ count: Int, of deployment: Deployment) {
        var shortage: String?
        for _ in 0..<count where shortage == nil {
            switch placement(of: deployment) {
            case .fits(let reservation): startReplica(of: deployment, reservation)
            case .waits(let reason): shortage = reason
            }
        }
        guard shortages[deployment.id] != shortage else { return }
        shortages[deployment.id] = shortage
        if let shortage { log("A replica waits for \(shortage).", .warning, of: deployment.id) }
        inbox.ring()
    }

    private func placement(of deployment: Deployment) -> Placement {
        guard let capacity = dependencies.capacity,
            let type = dependencies.catalogue.type(withID: deployment.instanceTypeID)
        else { return .fits(Reservation()) }
        return capacity.place(type, beside: replicas.values.filter { !$0.hasExited }.map(\.reservation))
    }

    private func startReplica(of deployment: Deployment, _ reservation: Reservation) {
        guard let image = deployment.imageID else { return }
        var random = Randomness()
        let id = ReplicaID.random(length: IdentifierLength.replica, using: &random)
        replicas[id] = Replica(
            id: id, deploymentID: deployment.id, imageID: image, phase: .starting,
            startedAt: dependencies.now(), reservation: reservation)
        starts[id] = Task { [engine] in
            do {
                let spec = try await self.spec(of: deployment, replica: id, image: image, reservation)
                if !self.stopping.contains(id) { try await engine.start(spec) }
            } catch {
                // The store has no part in the replica: it is started again.
                let error: any Error =
                    (error as? StorageFailure).map {
                        StartFailure(reason: $0.publicMessage, cause: .machine)
                    } ?? error
                self.noteFailedStart(of: id, image, error)
                self.receive(
                    .phase(
                        id, .exited(code: 127), endpoint: nil, reason: "The replica cannot start: \(error)"))
            }
            self.starts[id] = nil
        }
    }

    /// A start that failed for a reason that passes is tried again; for an image that is gone a build is needed.
    private func noteFailedStart(of id: ReplicaID, _ image: ImageID, _ error: any Error) {
        guard let failure = error as? StartFailure, failure.cause != .replica else { return }
        replicas[id]?.failedToStart = true
        if failure.cause == .image { lostImages.insert(image) }
        if let deployment = replicas[id]?.deploymentID {
            log("A replica cannot start and is tried again: \(failure.reason)", .warning, of: deployment)
        }
    }

    private func spec(
        of deployment: Deployment, replica: ReplicaID, image: ImageID, _ reservation: Reservation
    ) async throws -> ReplicaSpec {
        guard let type = dependencies.catalogue.type(withID: deployment.instanceTypeID) else {
            throw StartFailure(
                reason: "The instance type \(deployment.instanceTypeID) is not on offer any more.")
        }
        let environment = try await store.read { db in
            try db.model(deployment.modelID).flatMap { model in
                Environment.name(
                    for: deployment.id, among: try db.environments(of: model.id), try db.runningPromotions())
            }
        }
        let values = try await DeploymentSecrets(store: store, box: dependencies.secretBox).values(
            SecretNames.names(inConfigJSON: deployment.configJSON), of: deployment.modelID)
        return ReplicaSpec(
            replicaID: replica, deploymentID: deployment.id, modelID: deployment.modelID, imageID: image,
            environmentName: environment, secrets: values, instanceType: type,
            reservation: reservation)
    }

    private func stop(_ id: ReplicaID, grace: Duration) {
        guard stopping.insert(id).inserted else { return }
        let start = starts[id]
        Task { [engine] in
            // What is about to start cannot be stopped yet.
            await start?.value
            await engine.stop(id, grace: grace)
            self.removed(id)
        }
    }

    private func removed(_ id: ReplicaID) {
        if let replica = replicas.removeValue(forKey: id) {
            forgetLog(of: replica.deploymentID)
            forget(replica.imageID)
            noteRoute(of: replica.deploymentID)
        }
        stopping.remove(id)
        inbox.ring()
    }

    /// Of a deployment that was deleted: its replicas and builds go on writing until they are gone.
    private func forgetLog(of id: DeploymentID) {
        Task { [store, logs] in
            guard (try? await store.read { try $0.deployment(id) == nil }) == true else { return }
            await logs.remove(deployment: id)
        }
    }

    /// Replicas and builds of deployments that were deleted.
    func endOrphans() {
        if gone.count > Self.mostGone { gone = [] }
        for replica in replicas.values where records.deployments[replica.deploymentID] == nil {
            gone.insert(replica.deploymentID)
            stop(replica.id, grace: Self.stopGrace)
        }
        for id in builds.keys where records.deployments[id] == nil { forgetBuild(of: id) }
    }

    /// A refused connection is a hint only, and told in the log: the engine's own probe decides, and until then the
    /// replica stays in the table.
    func suspect(_ ids: Set<ReplicaID>) {
        for id in ids where replicas[id]?.phase == .ready {
            logger.warning("a replica refused a connection", metadata: ["replica": "\(id)"])
        }
    }

    func receive(_ event: EngineEvent) {
        switch event {
        case .log(let deployment, let entry):
            if !gone.contains(deployment) { logs.append(entry, to: deployment) }
        case .phase(let id, let phase, let endpoint, let reason):
            guard replicas[id] != nil, !stopping.contains(id) else { return }
            if phase == .ready, replicas[id]?.phase != .ready {
                replicas[id]?.readySince = dependencies.now()
            }
            replicas[id]?.phase = phase
            replicas[id]?.reason = reason
            if let endpoint { replicas[id]?.endpoint = endpoint }
            if case .exited = phase, let deployment = replicas[id]?.deploymentID {
                measurements.note(deployment) { $0.count(.restarts, 1) }
            }
            noteRoute(of: replicas[id]?.deploymentID)
            inbox.ring()
        }
    }
}
