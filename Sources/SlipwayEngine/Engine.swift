// The port between the controller and whatever runs replicas: child processes here, Pods on a cluster.

import Foundation
import SlipwayCore

/// Builds images and runs replicas. The controller decides; an engine only carries out and reports.
///
/// An engine keeps what it needs to find its replicas again after the controller's process has ended in any
/// way: `adopt()` returns them. All calls may come from any task, and calls about different replicas run side
/// by side.
public protocol Engine: Sendable {
    /// Builds what replicas of a deployment start from. May take minutes; cancelling the task stops it and
    /// leaves nothing half-made. Lines for the user go to `log` while they happen.
    /// - Throws: `BuildFailure` with the reason for the user; `StartFailure` when the machine lacks something now, so
    ///   that building later may work; `CancellationError`.
    func build(_ request: BuildRequest, log: @escaping @Sendable (LogEntry) -> Void) async throws
        -> BuiltImage

    /// Reads a config as the official package does; nil where the engine does not have the package.
    /// - Throws: `ConfigRejection`; `StartFailure` when the package is not there yet or the machine lacks something now.
    func readConfig(_ text: ConfigText) async throws -> ConfigReading?

    /// What of these needs replicas here would not find.
    /// - Throws: when that cannot be told now.
    func unmet(_ needs: MachineNeeds) async throws -> [UnmetNeed]

    /// What a build returned for an image; nil when the engine does not have it (any more).
    /// - Throws: when the engine cannot tell now.
    func image(_ id: ImageID) async throws -> BuiltImage?

    /// Starts one replica and returns once its process exists. How it goes on is reported through `events()`.
    /// - Throws: `StartFailure`.
    func start(_ spec: ReplicaSpec) async throws

    /// Ends a replica: asks it to stop, after `grace` ends it by force, and returns when it and all it started
    /// are gone and its resources are free. An unknown id is a success.
    func stop(_ id: ReplicaID, grace: Duration) async

    /// Takes over the replicas of an earlier process that still run. Called once, before anything else.
    /// What ended in between is cleaned up and not returned.
    func adopt() async throws -> [Replica]

    /// Phase changes and log lines of replicas; one consumer. Ends when the engine shuts down.
    func events() -> AsyncStream<EngineEvent>

    /// Every image this engine has, for the search of those nothing needs any more.
    func images() async -> [ImageID]

    /// Frees what `image` occupies, as far as no other image shares it.
    func removeImage(_ id: ImageID) async

    /// Tells a replica the name of the environment it serves; nil for none. One that has just ended is passed over.
    func setEnvironment(_ name: String?, of id: ReplicaID) async

    /// Changes files of a running replica. Until `confirmFiles` it counts as running no image, also after an adoption: its
    /// process has not taken them yet, or nobody has noted that it did.
    /// - Returns: false where that cannot be done; the replica is as it was, or some of its files are changed.
    func replaceFiles(of id: ReplicaID, _ files: [SourceFile], image: ImageID) async -> Bool

    /// The replica runs the files it was given: it counts as started from their image.
    func confirmFiles(of id: ReplicaID) async

    /// What each running replica takes; one that has just ended may be missing.
    func usage() async -> [ReplicaID: ReplicaUsage]

    /// What the machine or cluster offers and what of it is not available, in words, for `slipway doctor` and
    /// the start-up log.
    func describe() async -> EngineDescription

    /// Stops watching replicas. They go on running unless `stopReplicas` is true.
    func shutdown(stopReplicas: Bool) async
}

/// A file of a replica and its new content; nil removes it.
public struct SourceFile: Sendable, Equatable {
    /// Absolute, as the replica sees it.
    public var path: String
    public var content: Data?

    public init(path: String, content: Data?) {
        self.path = path
        self.content = content
    }
}

/// What a replica takes of its machine.
public struct ReplicaUsage: Sendable, Equatable {
    /// Core-seconds since its start.
    public var cpuSeconds: Double
    /// Resident memory now.
    public var memoryBytes: Int

    public init(cpuSeconds: Double, memoryBytes: Int) {
        self.cpuSeconds = cpuSeconds
        self.memoryBytes = memoryBytes
    }
}

/// A report of an engine about one replica.
public enum EngineEvent: Sendable {
    /// The replica reached a phase; `endpoint` is set from `.loading` on. For `.exited` the reason holds the
    /// last meaningful words of its output.
    case phase(ReplicaID, ReplicaPhase, endpoint: ReplicaEndpoint?, reason: String?)
    /// The replica wrote a line.
    case log(DeploymentID, LogEntry)
}

public struct BuildRequest: Sendable {
    public var deploymentID: DeploymentID
    public var modelName: String
    /// The uploaded archive, a tar, on this machine.
    public var archivePath: String
    public var isDevelopment: Bool
    /// What build commands may read (`build.secret_to_path_mapping`), by name. Never logged.
    public var secrets: [String: String]

    public init(
        deploymentID: DeploymentID, modelName: String, archivePath: String, isDevelopment: Bool,
        secrets: [String: String] = [:]
    ) {
        self.deploymentID = deploymentID
        self.modelName = modelName
        self.archivePath = archivePath
        self.isDevelopment = isDevelopment
        self.secrets = secrets
    }
}

/// The result of a build: content-addressed, so equal archives and environments share it.
public struct BuiltImage: Sendable, Codable, Equatable {
    /// Where a Truss server takes predictions.
    public static let trussPredictPath = "/v1/models/model:predict"

    public var id: ImageID
    /// Path on the replica that `…/predict` is sent to (`/v1/models/model:predict` for a Truss).
    public var predictPath: String
    /// How many requests run at once inside one replica (`runtime.predict_concurrency`).
    public var predictConcurrency: Int
    /// What a watching client computes its patches from; of development builds only.
    public var source: SourceSignature?

    public init(id: ImageID, predictPath: String, predictConcurrency: Int) {
        self.id = id
        self.predictPath = predictPath
        self.predictConcurrency = predictConcurrency
    }

    private var isTruss: Bool { predictPath == Self.trussPredictPath }

    /// Path on the replica for WebSocket connections: Truss has one of its own, a server of the user's takes them
    /// where it takes predictions.
    public var webSocketPath: String { isTruss ? "/v1/websocket" : predictPath }

    /// Predictions that one replica is given at once. nil for a server of the user's own that says nothing about
    /// it: it may batch what comes, so it gets everything.
    public var concurrencyLimit: Int? { isTruss || predictConcurrency > 1 ? predictConcurrency : nil }
}

/// A source state in the client's own terms: its content hash, and the description of it as JSON text.
public struct SourceSignature: Sendable, Codable, Equatable {
    public var hash: String
    public var signature: String

    public init(hash: String, signature: String) {
        self.hash = hash
        self.signature = signature
    }
}

public struct ReplicaSpec: Sendable {
    public var replicaID: ReplicaID
    public var deploymentID: DeploymentID
    public var modelID: ModelID
    public var imageID: ImageID
    /// Visible to the model code; nil outside an environment.
    public var environmentName: String?
    /// By name; written as files readable only by the replica. Never logged.
    public var secrets: [String: String]
    public var instanceType: InstanceType
    /// What it may use alone; kept with the replica, so that it is known after an adoption.
    public var reservation: Reservation

    public init(
        replicaID: ReplicaID, deploymentID: DeploymentID, modelID: ModelID, imageID: ImageID,
        environmentName: String?, secrets: [String: String], instanceType: InstanceType,
        reservation: Reservation = Reservation()
    ) {
        self.replicaID = replicaID
        self.deploymentID = deploymentID
        self.modelID = modelID
        self.imageID = imageID
        self.environmentName = environmentName
        self.secrets = secrets
        self.instanceType = instanceType
        self.reservation = reservation
    }
}

/// A build that failed for a reason the user can act on.
public struct BuildFailure: Error, Sendable, Equatable, CustomStringConvertible {
    public var reason: String
    public init(reason: String) { self.reason = reason }
    public var description: String { reason }
}

/// A replica that could not even be started.
public struct StartFailure: Error, Sendable, Equatable, CustomStringConvertible {
    public enum Cause: Sendable, Equatable {
        /// What was to be started: starting it again will fail again.
        case replica
        /// The machine, which lacks something now: starting again later may work.
        case machine
        /// The engine does not have the image.
        case image
    }

    public var reason: String
    public var cause: Cause

    public init(reason: String, cause: Cause = .replica) {
        self.reason = reason
        self.cause = cause
    }

    public var description: String { reason }
}

public struct EngineDescription: Sendable {
    /// One line each, for example "replicas run as uid 60000 in a mount namespace of their own".
    public var facts: [String]
    /// One line for each protection or tool the machine cannot give.
    public var missing: [String]

    public init(facts: [String], missing: [String]) {
        self.facts = facts
        self.missing = missing
    }
}

extension Engine {
    /// Without the official package, the server's own reader decides.
    public func readConfig(_ text: ConfigText) async throws -> ConfigReading? { nil }

    public func unmet(_ needs: MachineNeeds) async throws -> [UnmetNeed] { [] }
}
