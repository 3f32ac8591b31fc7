// The façade the management server calls: every command is one durable transaction followed by a nudge to the
// controller; every query reads the store.

import Foundation
import Logging
import SlipwayCore
import SlipwayEngine
import SlipwayGateway
import SlipwayLogs
import SlipwayStore

/// Runs the program of this name with the environment and a time limit, and hands over each line it prints.
/// Returns its exit code.
public typealias GateCommand =
    @Sendable (
        _ name: String, _ environment: [String: String], _ timeout: Duration,
        _ line: @escaping @Sendable (String) -> Void
    ) async throws -> Int32

/// What the control plane needs from outside, so that tests can give their own.
public struct ControlDependencies: Sendable {
    /// The time of everything that is waited for; never goes back.
    public var now: @Sendable () -> Timestamp
    /// The machine's own time, for what happens at a time of the day; nil for `now`.
    public var wallClock: (@Sendable () -> Timestamp)?
    /// The time that schedules go by.
    var wallNow: Timestamp { (wallClock ?? now)() }
    public var catalogue: InstanceCatalogue
    /// Nil counts nothing.
    public var capacity: Capacity?
    public var secretBox: SecretBox
    /// Local path of an uploaded archive; nil when there is none of that key.
    public var archivePath: @Sendable (String) -> String?
    /// Takes a copy of a local archive and returns its key.
    public var storeArchive: @Sendable (String) throws -> String = { _ in
        throw ControlError.unavailable("Archives cannot be stored here.")
    }
    /// Ends the uploads of an archive and returns the SHA-256 of its bytes, hex; nil when there is none of that key.
    /// Blocks. Nil where archives are not kept.
    public var freezeArchive: (@Sendable (String) throws -> String?)?
    /// Ends the uploads of an archive alone. Blocks.
    public var endUploads: @Sendable (String) throws -> Void = { _ in }
    /// Whether an archive still has the SHA-256 it was pushed with. Blocks.
    public var isArchiveIntact: @Sendable (_ key: String, _ sha256: String) throws -> Bool = { _, _ in true }
    /// Runs work that waits for the disk, or computes for long, off the threads of the concurrency runtime. The default
    /// runs it in place, for simulations.
    public var runBlocking: @Sendable (@escaping @Sendable () -> Void) async -> Void = { $0() }
    /// Runs a program of the gate directory; nil when there is no such directory.
    public var gateCommand: GateCommand?
    /// Removes an archive nothing needs any more.
    public var removeArchive: @Sendable (String) -> Void
    /// Removes old archives but those in use, and uploads that were given up; nil when there is no place for them.
    /// Blocks, and is called on a thread of its own, as are the keys in use, which must be asked for again before each
    /// removal.
    public var sweepArchives: (@Sendable (_ used: @Sendable () throws -> Set<String>) -> Void)?
    /// Where archives are put together.
    public var workDirectory = NSTemporaryDirectory()
    /// Seconds a deployment may take from the end of its build to its first ready replica, unless its push says.
    public var defaultDeployTimeoutSeconds: Int
    /// The longest an asynchronous prediction may take.
    public var asyncPredictTimeout: Duration = .seconds(1200)
    /// How long results of asynchronous predictions can be read after their end.
    public var asyncRetention: Duration = .seconds(3600)
    /// Returns after a time; throws when its task is cancelled before.
    public var sleep: @Sendable (Duration) async throws -> Void = { try await Task.sleep(for: $0) }
    /// Nil makes real calls.
    public var http: (any OutgoingCalls)?

    public init(
        now: @escaping @Sendable () -> Timestamp, catalogue: InstanceCatalogue = .standard,
        secretBox: SecretBox, archivePath: @escaping @Sendable (String) -> String?,
        removeArchive: @escaping @Sendable (String) -> Void, defaultDeployTimeoutSeconds: Int = 3600
    ) {
        self.now = now
        self.catalogue = catalogue
        self.secretBox = secretBox
        self.archivePath = archivePath
        self.removeArchive = removeArchive
        self.defaultDeployTimeoutSeconds = defaultDeployTimeoutSeconds
    }
}

public final class ControlPlane: Sendable {
    let store: Store
    let engine: any Engine
    let logs: LogStore
    let controller: Controller
    let cache: AnswerCache
    let board = ReplicaBoard()
    /// Tells who looks at something that it has changed.
    public let changes = ChangeFeed()
    let dispatcher: AsyncDispatcher
    let metrics: MetricsKeeper
    let http: any OutgoingCalls
    let dependencies: ControlDependencies
    let readings = ConfigReadings()
    private let probe: StorageProbe
    var archives: PushedArchives { PushedArchives(store: store, dependencies: dependencies) }

    public init(
        store: Store, engine: any Engine, gateway: any GatewayControl, inbox: DemandInbox, logs: LogStore,
        dependencies: ControlDependencies, logger: Logger
    ) {
        self.store = store
        self.engine = engine
        self.logs = logs
        self.dependencies = dependencies
        let measurements = Measurements()
        let http = dependencies.http ?? OutgoingHTTP()
        cache = AnswerCache(store: store)
        probe = StorageProbe { await store.probe() }
        controller = Controller(
            store: store, engine: engine, gateway: gateway, inbox: inbox, logs: logs, board: board,
            feed: changes,
            measurements: measurements, http: http, dependencies: dependencies, logger: logger)
        logs.onAppend { [changes] in changes.note(logOf: $0) }
        self.http = http
        dispatcher = AsyncDispatcher(
            store: store, gateway: gateway, inbox: inbox, board: board, measurements: measurements,
            logs: logs, http: http, dependencies: dependencies, logger: logger)
        metrics = MetricsKeeper(
            store: store, controller: controller, engine: engine, gateway: gateway, board: board,
            measurements: measurements, dependencies: dependencies, logger: logger)
    }

    /// Changes that the controller had not heard of and found by comparing: each is a fault of Slipway.
    public var feedRepairs: (count: Int, last: String) { controller.repairs.found }

    /// Takes over replicas of an earlier process and publishes the first routing table.
    /// - Throws: what the engine throws when it cannot look for them.
    public func adopt() async throws { try await controller.adopt() }

    /// Reconciles until the task is cancelled.
    public func run() async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await self.controller.run() }
            group.addTask { await self.dispatcher.run() }
            group.addTask { await self.metrics.run() }
            group.addTask { await self.sweep() }
        }
    }

    /// The server's time: what is stored and logged carries it, so questions about "until now" go by it.
    public var now: Timestamp { dependencies.now() }

    /// What keeps commands from being carried out, in words without a path; nil while all is well. Predictions may
    /// be served all the same.
    public func storageProblem() async -> String? {
        // What was wrong may be over: nothing else need be written in between.
        if store.problem != nil { await probe.run() }
        return store.problem?.publicMessage
    }

    /// The instance types on offer, smallest first.
    public var instanceTypes: [InstanceType] { dependencies.catalogue.types }
}
