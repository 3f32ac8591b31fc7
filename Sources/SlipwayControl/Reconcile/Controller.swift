// The reconcile loop: reads the durable records, asks the core what to do, stores its decision, carries it out
// through the engine and publishes the routing table.

import Foundation
import Logging
import SlipwayCore
import SlipwayEngine
import SlipwayGateway
import SlipwayLogs
import SlipwayStore

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
    let feed: ChangeFeed
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
    var readVersion: UInt64?
    var routes = RouteKeeper()
    /// What of the table may be out of date.
    var unrouted = RouteChanges()
    /// Records have changed since watchers were told, also in what no route follows: names, settings.
    var hasNews = false
    var hasPublished = false
    /// Deployments that a request or a call has asked for, until a pass has looked at them.
    var demands: Set<DeploymentID> = []
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
        board: ReplicaBoard, feed: ChangeFeed, measurements: Measurements, http: any OutgoingCalls,
        dependencies: ControlDependencies, logger: Logger
    ) {
        self.store = store
        self.engine = engine
        self.gateway = gateway
        self.inbox = inbox
        self.logs = logs
        self.board = board
        self.feed = feed
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

    /// The deployments that a pass has to look at: what rests is not among them.
    var subjects: Set<DeploymentID> {
        var ids = records.awake
        for replica in replicas.values { ids.insert(replica.deploymentID) }
        ids.formUnion(builds.keys)
        ids.formUnion(demands)
        ids.formUnion(gateway.waiting)
        ids.formUnion(plannedReplicas().keys)
        return ids
    }

    /// One line in the deployment's own log for every change of status, so that it explains itself.
    func announce(_ deployment: Deployment) {
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
