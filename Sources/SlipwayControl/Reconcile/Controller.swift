// The reconcile loop: reads the durable records, asks the core what to do, stores its decision, carries it out
// through the engine and publishes the routing table.

import Foundation
import Logging
import SlipwayCore
import SlipwayEngine
import SlipwayGateway
import SlipwayLogs
import SlipwayStore

/// Whether a promotion is about to move an environment away from the deployment, so that it must stay ready to serve.
/// Not while the candidate waits for room: one that nobody calls makes room then, by going to sleep as ever.
private func isReplaced(
    _ id: DeploymentID, by promotions: [Promotion], _ shortages: [DeploymentID: String]
) -> Bool {
    promotions.contains { $0.previousID == id && shortages[$0.candidateID] == nil }
}

/// Runs one pass at a time: whenever something rings, and at least every `tick` for what only time changes.
public actor Controller {
    /// How often time alone is looked at (deploy timeouts, idleness, back-off).
    static let tick: Duration = .milliseconds(500)
    /// More builds at once would only slow each other down on small machines.
    static let buildsAtOnce = 2
    /// How long a build waits that the machine lacked something for.
    static let pauseAfterShortage: Duration = .seconds(5)
    /// How long the rebuild of a lost image waits after its first failure; doubled with each further one.
    static let pauseAfterFailure: Duration = .seconds(10)
    static let maxPauseAfterFailure: Duration = .seconds(300)
    /// How often one error that does not go away is logged.
    static let toldAgain: Duration = .seconds(60)
    /// How long a replica may take to end after its last request.
    static let stopGrace: Duration = .seconds(10)

    let store: Store
    let engine: any Engine
    let gateway: any GatewayControl
    let inbox: DemandInbox
    let logs: LogStore
    let board: ReplicaBoard
    let measurements: Measurements
    let http: any OutgoingCalls
    let dependencies: ControlDependencies
    let logger: Logger

    var replicas: [ReplicaID: Replica] = [:]
    /// Replicas that an earlier process started.
    private(set) var adopted: Set<ReplicaID> = []
    var builds: [DeploymentID: Build] = [:]
    /// Builds that wait for something the machine lacks, or because the last attempt failed.
    var buildDelays: [DeploymentID: BuildDelay] = [:]
    /// Builds outside of the loop whose image no record names yet.
    var unstoredBuilds = 0
    /// Images that are being freed.
    var freeing = 0
    var crashes: [DeploymentID: CrashHistory] = [:]
    /// Starts under way.
    var starts: [ReplicaID: Task<Void, Never>] = [:]
    var stopping: Set<ReplicaID> = []
    /// Deleted deployments whose replicas may still write.
    var gone: Set<DeploymentID> = []
    static let mostGone = 10_000
    /// The environment each replica was last told it serves; nil for none.
    var environmentNames: [ReplicaID: String?] = [:]
    /// Deployments whose replicas are being changed in place.
    var held: Set<DeploymentID> = []
    /// What deployments that should have another replica wait for.
    var shortages: [DeploymentID: String] = [:]
    /// Gates that are being asked.
    var gates: Set<PromotionID> = []
    /// What a deployment had answered when its watch was first seen.
    var watchStarts: [PromotionID: DeploymentLoad] = [:]
    var scalers: [DeploymentID: AutoscalerState] = [:]
    var histories: [DeploymentID: LoadHistory] = [:]
    /// Of deployments for which tokens are counted.
    var tokenHistories: [DeploymentID: LoadHistory] = [:]
    var lastScaling: Timestamp?
    /// What is known of images, also of one that is lost while its replicas run.
    var images: [ImageID: BuiltImage] = [:]
    /// Those that the engine does not have.
    var lostImages: Set<ImageID> = []
    var lastPublished: Snapshot?
    private var lastRead: (version: UInt64, snapshot: Snapshot)?
    var replicasChanged = true
    let observedSince: Timestamp
    private var waiters: [CheckedContinuation<Void, Never>] = []
    private var isStopped = false
    /// What failed last and since when it is told.
    private var told: [String: (error: String, at: Timestamp)] = [:]

    /// A build of this process and the archive it builds.
    struct Build {
        var archiveKey: String
        var observation: BuildObservation
        var task: Task<Void, Never>?
    }

    /// Why and until when the build of an archive waits.
    struct BuildDelay {
        var archiveKey: String
        var reason: String
        var end: Timestamp
        /// Failed attempts in a row.
        var failures = 0
    }

    init(
        store: Store, engine: any Engine, gateway: any GatewayControl, inbox: DemandInbox, logs: LogStore,
        board: ReplicaBoard, measurements: Measurements, http: any OutgoingCalls,
        dependencies: ControlDependencies, logger: Logger
    ) {
        self.store = store
        self.engine = engine
        self.gateway = gateway
        self.inbox = inbox
        self.logs = logs
        self.board = board
        self.measurements = measurements
        self.http = http
        self.dependencies = dependencies
        self.logger = logger
        observedSince = dependencies.now()
    }

    /// Takes over the replicas that still run and publishes the first table: before this the gateway knows
    /// nothing. What has to be started, after a reboot perhaps hundreds of replicas, waits for `run`: those that run
    /// serve first.
    /// - Throws: when replicas cannot be looked for or the records cannot be read.
    func adopt() async throws {
        for var replica in try await engine.adopt() {
            if replica.phase == .ready { replica.readySince = dependencies.now() }
            replicas[replica.id] = replica
        }
        adopted = Set(replicas.keys)
        try await drainTerminated()
        try await publish()
        inbox.ring()
    }

    /// Reconciles until the task is cancelled.
    func run() async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { [engine] in
                for await event in engine.events() { await self.receive(event) }
            }
            group.addTask { [inbox, dependencies] in
                while !Task.isCancelled {
                    try? await dependencies.sleep(Self.tick)
                    inbox.ring()
                }
            }
            group.addTask { [inbox] in
                for await _ in inbox.rings {
                    if Task.isCancelled { break }
                    await self.turn()
                }
            }
            await group.waitForAll()
        }
        stop()
    }

    /// Returns after a pass that began after this call, so that what the caller stored is routed.
    func settle() async {
        if isStopped { return }
        await withCheckedContinuation { continuation in
            waiters.append(continuation)
            inbox.ring()
        }
    }

    private func turn() async {
        let served = waiters
        waiters = []
        await pass()
        for waiter in served { waiter.resume() }
    }

    private func stop() {
        isStopped = true
        for build in builds.values { build.task?.cancel() }
        for waiter in waiters { waiter.resume() }
        waiters = []
    }

    // MARK: One pass

    /// Requests are routed by what is there even while nothing can be stored.
    private func pass() async {
        await attempt("reconcile") {
            let demanded = inbox.takeDemand()
            suspect(inbox.takeSuspects())
            let snapshot = try await read()
            await lookUpImages(of: snapshot)
            endOrphans(snapshot)
            // Before the statuses are stored, so that no reader sees ACTIVE with no replica.
            publishBoard()
            try await stepSchedules(snapshot)
            try await scale(snapshot)
            try await stepDeployments(snapshot, demanded: demanded)
            try await stepPromotions()
            try await stepWatches(snapshot)
        }
        await attempt("publish") {
            try await publish()
            await announceEnvironments()
        }
    }

    /// What fails is tried again by the next pass, from the stored records.
    private func attempt(_ what: String, _ body: () async throws -> Void) async {
        do {
            try await body()
            told[what] = nil
        } catch is CancellationError {
        } catch {
            // A full disk fails every pass in the same way, twice a second.
            let (text, now) = ("\(error)", dependencies.now())
            if let last = told[what], last.error == text, now - last.at < Self.toldAgain { return }
            told[what] = (text, now)
            logger.error("\(what) failed", metadata: ["error": "\(text)"])
        }
    }

    /// All records. No kind is read again before something of it was written: the one writer is this process.
    func read() async throws -> Snapshot {
        // Taken before the read: a write in between makes what is read old at once.
        let version = store.version
        guard let lastRead else { return try await read(RecordKind.all, of: nil, at: version) }
        let oldest = PlantedBug.isPlanted(.trustsOldRecords) && version > 3 ? version - 3 : version
        if lastRead.version >= oldest { return lastRead.snapshot }
        var changed = store.kinds(changedAfter: lastRead.version)
        if PlantedBug.isPlanted(.missesChanges) { changed.remove(.environments) }
        let snapshot = try await read(changed, of: lastRead.snapshot, at: version)
        // A transaction that was committed meanwhile may have changed both what was read and what was not.
        let isWhole =
            store.kinds(changedAfter: lastRead.version) == changed || PlantedBug.isPlanted(.missesChanges)
        return isWhole ? snapshot : try await read(RecordKind.all, of: nil, at: version)
    }

    private func read(
        _ kinds: Set<RecordKind>, of old: Snapshot?, at version: UInt64
    ) async throws -> Snapshot {
        let snapshot =
            if kinds.isEmpty, let old { old } else {
                try await store.read { db in try Snapshot(reading: kinds, old ?? Snapshot(), from: db) }
            }
        lastRead = (version, snapshot)
        return snapshot
    }

    private func stepDeployments(_ snapshot: Snapshot, demanded: Set<DeploymentID>) async throws {
        let now = dependencies.now()
        let load = gateway.load()
        let byDeployment = Dictionary(grouping: replicas.values, by: \.deploymentID)
        let plans = plannedReplicas(snapshot)
        var situations: [DeploymentID: Situation] = [:]
        for deployment in snapshot.deployments where !held.contains(deployment.id) {
            endRebuild(of: deployment)
            let mine = (byDeployment[deployment.id] ?? []).sorted { $0.id < $1.id }
            let work = board.work(of: deployment.id)
            let situation = Situation(
                replicas: mine,
                inFlight: Dictionary(
                    uniqueKeysWithValues: mine.filter { $0.drainingSince != nil }.map {
                        ($0.id, gateway.inFlight(replica: $0.id) + board.inFlight($0.id))
                    }),
                build: observation(of: deployment),
                lastActivity: [load[deployment.id]?.lastActivity, work.lastEnd].compactMap(\.self).max(),
                requestsInFlight: (load[deployment.id]?.inFlight ?? 0) + work.inFlight,
                demanded: demanded.contains(deployment.id) || (load[deployment.id]?.parked ?? 0) > 0,
                plannedReplicas: plans[deployment.id], scalingTarget: scalers[deployment.id]?.target ?? 0,
                reducedAt: scalers[deployment.id]?.reducedAt,
                crashes: crashes[deployment.id] ?? .init(), shortage: shortages[deployment.id],
                observedSince: observedSince,
                imageIsMissing: deployment.imageID.map(lostImages.contains) ?? false,
                buildProblem: buildDelay(of: deployment)?.reason,
                isBeingReplaced: isReplaced(deployment.id, by: snapshot.promotions, shortages))
            let step = Lifecycle.step(deployment, situation, now: now)
            if step.deployment != deployment || !step.actions.isEmpty {
                situations[deployment.id] = situation
            }
        }
        // One that waits for room asks for it in every pass.
        shortages = shortages.filter { situations[$0.key] != nil }
        guard !situations.isEmpty else { return }
        // Decided again inside the transaction: a command may have changed the record since the read.
        let read = Dictionary(uniqueKeysWithValues: snapshot.deployments.map { ($0.id, $0) })
        let steps = try await store.write { [situations, shortages] db in
            let promotions = try db.runningPromotions()
            return try situations.compactMap { id, situation -> LifecycleStep? in
                var situation = situation
                situation.isBeingReplaced = isReplaced(id, by: promotions, shortages)
                // With another image the replicas seen here are not what they seem: they may have taken it over.
                guard var current = try db.deployment(id), current.imageID == read[id]?.imageID else {
                    return nil
                }
                if PlantedBug.isPlanted(.trustsOldRecords), let seen = read[id] { current = seen }
                let step = Lifecycle.step(current, situation, now: now)
                if step.deployment != current { try db.update(step.deployment) }
                if let decision = Self.decision(from: current, to: step.deployment, situation, now) {
                    try db.insert(decision, of: id, most: Self.keptDecisions)
                }
                return step
            }
        }
        let before = Dictionary(uniqueKeysWithValues: snapshot.deployments.map { ($0.id, $0.status) })
        for step in steps {
            if before[step.deployment.id] != step.deployment.status { announce(step.deployment) }
            if crashes[step.deployment.id]?.isLoop ?? false != step.crashes.isLoop { replicasChanged = true }
            crashes[step.deployment.id] = step.crashes
            // Its outcome is stored.
            if step.deployment.status != .building, builds[step.deployment.id]?.observation != .running {
                builds[step.deployment.id] = nil
                if before[step.deployment.id] == .building { buildDelays[step.deployment.id] = nil }
            }
            for action in step.actions { await carryOut(action, for: step.deployment) }
        }
        // The new records may ask for the next step at once.
        if steps.contains(where: { before[$0.deployment.id] != $0.deployment.status }) { inbox.ring() }
    }

    private func observation(of deployment: Deployment) -> BuildObservation {
        guard let build = builds[deployment.id], build.archiveKey == deployment.archiveKey else {
            return .idle
        }
        return build.observation
    }

    private func publish() async throws {
        let snapshot = try await read()
        await lookUpImages(of: snapshot)
        guard replicasChanged || snapshot != lastPublished else { return }
        replicasChanged = false
        lastPublished = snapshot
        gateway.publish(
            RoutingTableBuilder.table(
                snapshot, replicas: replicas, images: images,
                looping: Set(crashes.filter(\.value.isLoop).keys)))
        publishBoard()
    }

    /// What is missing is looked for again in every pass: a build may bring it back.
    private func lookUpImages(of snapshot: Snapshot) async {
        for image in Set(snapshot.deployments.compactMap(\.imageID))
        where images[image] == nil || lostImages.contains(image) {
            // Where the engine cannot tell, what was built must not be given up.
            guard let found = try? await engine.image(image) as BuiltImage?? else { continue }
            if let found {
                images[image] = found
                lostImages.remove(image)
            } else {
                lostImages.insert(image)
            }
        }
    }

    private func publishBoard() {
        board.publish(
            replicas.values.sorted { $0.id < $1.id }.reduce(into: [:]) { ready, replica in
                guard replica.phase == .ready, replica.drainingSince == nil, let endpoint = replica.endpoint
                else { return }
                let image = images[replica.imageID]
                ready[replica.deploymentID, default: []].append(
                    ReadyReplica(
                        id: replica.id, endpoint: endpoint,
                        predictPath: image?.predictPath ?? BuiltImage.trussPredictPath,
                        concurrency: image?.predictConcurrency ?? 1))
            })
    }

    /// One line in the deployment's own log for every change of status, so that it explains itself.
    private func announce(_ deployment: Deployment) {
        let reason = deployment.statusReason.map { ": \($0)" } ?? ""
        let level: LogLevel =
            deployment.status.isFailure ? .error : deployment.status == .unhealthy ? .warning : .info
        log("Deployment is \(deployment.status.rawValue)\(reason)", level, of: deployment.id)
        logger.info(
            "deployment changed",
            metadata: ["deployment": "\(deployment.id)", "status": "\(deployment.status.rawValue)"])
    }

    /// A line in the log of a deployment.
    func log(_ message: String, _ level: LogLevel, of deployment: DeploymentID) {
        logs.append(LogEntry(at: dependencies.now(), message, level: level), to: deployment)
    }
}
