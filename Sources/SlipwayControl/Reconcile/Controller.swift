// The reconcile loop: reads the durable records, asks the core what to do, stores its decision, carries it out
// through the engine and publishes the routing table.

import Foundation
import Logging
import SlipwayCore
import SlipwayEngine
import SlipwayGateway
import SlipwayLogs
import SlipwayStore

/// Deployments that a promotion is about to move an environment away from, so that they must stay ready to serve. Not while
/// the candidate waits for room: one that nobody calls makes room then, by going to sleep as ever.
private func replaced(
    by promotions: [Promotion], _ shortages: [DeploymentID: String]
) -> Set<DeploymentID> {
    Set(promotions.filter { shortages[$0.candidateID] == nil }.compactMap(\.previousID))
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
    /// How often changed rows are read again when others change meanwhile; then everything is.
    static let partialReadings = 20
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
    var records = Records()
    /// The store's version that the records are of; nil before they were read.
    private(set) var readVersion: UInt64?
    private(set) var routes = RouteKeeper()
    /// What of the table may be out of date.
    private var unrouted = RouteChanges()
    private var hasPublished = false
    /// Deployments that a request or a call has asked for, until a pass has looked at them.
    private var demands: Set<DeploymentID> = []
    var comparison = FeedComparison()
    let repairs = FeedRepairs()
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
            demands.formUnion(inbox.takeDemand())
            suspect(inbox.takeSuspects())
            try await read()
            await lookUpImages()
            endOrphans()
            // Before the statuses are stored, so that no reader sees ACTIVE with no replica.
            publishBoard()
            try await stepSchedules()
            try await scale()
            try await stepDeployments()
            try await stepPromotions()
            try await stepWatches()
            try await compareSome()
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

    /// Brings the copy of the records up to what is stored.
    func read() async throws {
        // Taken before the read: a write in between makes what is read old at once.
        let version = store.version
        let oldest = PlantedBug.isPlanted(.trustsOldRecords) && version > 3 ? version - 3 : version
        if let readVersion, readVersion >= oldest { return }
        var rows = unread()
        if let rows, rows.isEmpty { return readVersion = version }
        for attempt in 1... {
            let reading = try await store.read { [rows] db in try RecordReading(rows, from: db) }
            // A transaction that was committed meanwhile may have changed both what was read and what was not. All
            // records together are always of one moment.
            let now = unread()
            if rows == nil || now == rows {
                take(records.apply(reading))
                return readVersion = version
            }
            rows = attempt < Self.partialReadings ? now : nil
        }
    }

    /// Rows that were changed since they were read; nil for all there are.
    private func unread() -> ChangedRows? {
        guard let readVersion, var rows = store.rows(changedAfter: readVersion) else { return nil }
        if PlantedBug.isPlanted(.missesChanges) { rows.remove(.environments) }
        return rows
    }

    /// Forgets what is gone, and remembers what of the table has to follow.
    func take(_ news: RecordNews) {
        unrouted.add(news)
        for id in news.removed {
            (histories[id], tokenHistories[id]) = (nil, nil)
        }
        for image in news.unused { forget(image) }
    }

    /// What is known of an image that nothing starts from and nothing runs.
    func forget(_ image: ImageID) {
        guard !records.uses(image), !replicas.values.contains(where: { $0.imageID == image }) else { return }
        images[image] = nil
        lostImages.remove(image)
    }

    /// The route of a deployment may be another by now.
    func noteRoute(of id: DeploymentID?) {
        if let id { unrouted.deployments.insert(id) }
    }

    /// Whether the table is about to follow.
    func isUnrouted(_ id: DeploymentID) -> Bool { unrouted.deployments.contains(id) }

    /// The deployments that a pass has to look at: what rests is not among them.
    private var subjects: Set<DeploymentID> {
        var ids = records.awake
        for replica in replicas.values { ids.insert(replica.deploymentID) }
        ids.formUnion(builds.keys)
        ids.formUnion(demands)
        ids.formUnion(gateway.waiting)
        ids.formUnion(plannedReplicas().keys)
        return ids
    }

    private func stepDeployments() async throws {
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
        let order = seen.values.sorted { ($0.createdAt, $0.id.text) < ($1.createdAt, $1.id.text) }.map(\.id)
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

    private func publish() async throws {
        try await read()
        await lookUpImages()
        var changes = unrouted
        // Their shares depend on what is ready on both sides.
        for promotion in records.promotions {
            changes.models.insert(promotion.modelID)
            changes.deployments.formUnion([promotion.candidateID, promotion.previousID].compactMap(\.self))
        }
        unrouted = RouteChanges()
        guard !changes.isEmpty || !hasPublished else { return }
        let isNew = routes.follow(changes, records, observed())
        if isNew || !hasPublished { gateway.publish(routes.table) }
        hasPublished = true
        publishBoard()
    }

    func observed() -> ObservedReplicas {
        ObservedReplicas(
            replicas: replicas.values, images: images,
            looping: Set(crashes.filter(\.value.isLoop).keys))
    }

    /// What is missing is looked for again in every pass: a build may bring it back. Of what rests nothing is asked.
    private func lookUpImages() async {
        var wanted: [ImageID: [DeploymentID]] = [:]
        for id in subjects {
            guard let image = records.deployments[id]?.imageID else { continue }
            if images[image] == nil || lostImages.contains(image) { wanted[image, default: []].append(id) }
        }
        for (image, users) in wanted.sorted(by: { $0.key < $1.key }) {
            // Where the engine cannot tell, what was built must not be given up.
            guard let found = try? await engine.image(image) as BuiltImage?? else { continue }
            if let found {
                images[image] = found
                lostImages.remove(image)
                for id in users { noteRoute(of: id) }
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
