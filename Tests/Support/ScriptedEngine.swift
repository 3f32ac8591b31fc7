// An engine without processes. Builds and replicas do what the model's name or the test says.

import SlipwayCore
import SlipwayEngine
import Synchronization

public final class ScriptedEngine: Engine {
    /// The name of a model whose builds fail.
    public static let unbuildable = "unbuildable"

    private struct State {
        var images: [ImageID: BuiltImage] = [:]
        var builds: [BuildRequest] = []
        var started: [ReplicaSpec] = []
        var running: [ReplicaID: Replica] = [:]
        var stopped: [ReplicaID] = []
        var environments: [ReplicaID: String] = [:]
        var startsReady = true
        var heldBuilds: [CheckedContinuation<Void, Never>] = []
        var holdsBuilds = false
        var startFailure: StartFailure?
        var buildFailure: StartFailure?
        var imageFailure: StartFailure?
        var readings: [String: Result<ConfigReading, ConfigRejection>] = [:]
        var readingFailure: StartFailure?
    }

    private let stream: AsyncStream<EngineEvent>
    private let sink: AsyncStream<EngineEvent>.Continuation
    private let state: Mutex<State>
    private let predictConcurrency: Int

    /// - Parameters:
    ///   - replicas: still running from an earlier process, as `adopt()` will report them.
    ///   - predictConcurrency: of everything that is built.
    public init(
        running replicas: [Replica] = [], images: [BuiltImage] = [], predictConcurrency: Int = 1
    ) {
        self.predictConcurrency = predictConcurrency
        (stream, sink) = AsyncStream.makeStream()
        state = Mutex(
            State(
                images: Dictionary(uniqueKeysWithValues: images.map { ($0.id, $0) }),
                running: Dictionary(uniqueKeysWithValues: replicas.map { ($0.id, $0) })))
    }

    // MARK: The script

    /// Whether replicas become ready as soon as they start; otherwise the test says `ready`.
    public func setStartsReady(_ value: Bool) { state.withLock { $0.startsReady = value } }

    /// What starts from now on fail with; nil lets them be.
    public func failStarts(with failure: StartFailure?) { state.withLock { $0.startFailure = failure } }

    /// What builds end with from now on; nil lets them be.
    public func failBuilds(with failure: StartFailure?) { state.withLock { $0.buildFailure = failure } }

    /// What looking for images fails with from now on; nil lets it be.
    public func failImages(with failure: StartFailure?) { state.withLock { $0.imageFailure = failure } }

    /// What the official package makes of a YAML text from now on; the server's own reader reads all others.
    public func reads(_ yaml: String, as result: Result<ConfigReading, ConfigRejection>) {
        state.withLock { $0.readings[yaml] = result }
    }

    /// What reading configs fails with from now on; nil lets it be.
    public func failReading(with failure: StartFailure?) { state.withLock { $0.readingFailure = failure } }

    public func readConfig(_ text: ConfigText) async throws -> ConfigReading? {
        try state.withLock { state in
            if let failure = state.readingFailure { throw failure }
            guard case .yaml(let yaml) = text else { return nil }
            return try state.readings[yaml]?.get()
        }
    }

    /// Builds started from now on wait for `releaseBuilds`.
    public func holdBuilds() { state.withLock { $0.holdsBuilds = true } }

    public func releaseBuilds() {
        let held = state.withLock { state in
            state.holdsBuilds = false
            defer { state.heldBuilds = [] }
            return state.heldBuilds
        }
        for build in held { build.resume() }
    }

    public func ready(_ id: ReplicaID) { report(id, .ready) }

    public func exit(_ id: ReplicaID, code: Int32, reason: String) {
        report(id, .exited(code: code), reason: reason)
    }

    /// All build requests so far, oldest first.
    public var builds: [BuildRequest] { state.withLock { $0.builds } }
    /// All replicas started so far, oldest first.
    public var started: [ReplicaSpec] { state.withLock { $0.started } }
    public var stopped: [ReplicaID] { state.withLock { $0.stopped } }
    public var running: [Replica] { state.withLock { Array($0.running.values) } }
    public var images: [BuiltImage] { state.withLock { Array($0.images.values) } }

    private func report(_ id: ReplicaID, _ phase: ReplicaPhase, reason: String? = nil) {
        let endpoint = ReplicaEndpoint(host: "127.0.0.1", port: 1)
        state.withLock {
            $0.running[id]?.phase = phase
            $0.running[id]?.endpoint = endpoint
        }
        sink.yield(.phase(id, phase, endpoint: endpoint, reason: reason))
    }

    // MARK: Engine

    public func build(
        _ request: BuildRequest, log: @escaping @Sendable (LogEntry) -> Void
    ) async throws -> BuiltImage {
        await withCheckedContinuation { continuation in
            let goesOn = state.withLock { state in
                state.builds.append(request)
                if state.holdsBuilds { state.heldBuilds.append(continuation) }
                return !state.holdsBuilds
            }
            if goesOn { continuation.resume() }
        }
        try Task.checkCancellation()
        if let failure = state.withLock({ $0.buildFailure }) { throw failure }
        if request.modelName == Self.unbuildable { throw BuildFailure(reason: "The model is unbuildable.") }
        let image = BuiltImage(
            id: ImageID("image-\(request.archivePath.split(separator: "/").last ?? "")"),
            predictPath: "/v1/models/model:predict", predictConcurrency: predictConcurrency)
        state.withLock { $0.images[image.id] = image }
        return image
    }

    public func image(_ id: ImageID) async throws -> BuiltImage? {
        try state.withLock { state in
            if let failure = state.imageFailure { throw failure }
            return state.images[id]
        }
    }

    public func start(_ spec: ReplicaSpec) async throws {
        if let failure = state.withLock({ $0.startFailure }) { throw failure }
        let startsReady = state.withLock { state in
            state.started.append(spec)
            state.running[spec.replicaID] = Replica(
                id: spec.replicaID, deploymentID: spec.deploymentID, imageID: spec.imageID, phase: .starting,
                startedAt: Timestamp(microseconds: 0), reservation: spec.reservation)
            return state.startsReady
        }
        report(spec.replicaID, .loading)
        if startsReady { report(spec.replicaID, .ready) }
    }

    public func stop(_ id: ReplicaID, grace: Duration) async {
        state.withLock {
            $0.running[id] = nil
            $0.stopped.append(id)
        }
    }

    public func adopt() async throws -> [Replica] { running }
    public func events() -> AsyncStream<EngineEvent> { stream }
    public func images() async -> [ImageID] { state.withLock { Array($0.images.keys) } }
    public func removeImage(_ id: ImageID) async { state.withLock { $0.images[id] = nil } }
    /// What each replica was told last.
    public var environments: [ReplicaID: String] { state.withLock { $0.environments } }

    public func setEnvironment(_ name: String?, of id: ReplicaID) async {
        state.withLock { $0.environments[id] = name }
    }

    /// No replica can be changed in place.
    public func replaceFiles(of id: ReplicaID, _ files: [SourceFile], image: ImageID) async -> Bool { false }

    public func confirmFiles(of id: ReplicaID) async {}

    /// Every replica takes the same.
    public func usage() async -> [ReplicaID: ReplicaUsage] {
        state.withLock { $0.running.mapValues { _ in ReplicaUsage(cpuSeconds: 2, memoryBytes: 1 << 20) } }
    }

    public func describe() async -> EngineDescription { EngineDescription(facts: [], missing: []) }
    public func shutdown(stopReplicas: Bool) async { sink.finish() }
}
