// An engine without processes: builds succeed at once (or fail on demand) and replicas are ready when started.

import SlipwayCore
import SlipwayEngine
import Synchronization

final class FakeEngine: Engine {
    /// The name of a model whose builds fail.
    static let unbuildable = "unbuildable"

    private let stream: AsyncStream<EngineEvent>
    private let sink: AsyncStream<EngineEvent>.Continuation
    private let images = Mutex<[ImageID: BuiltImage]>([:])

    init() { (stream, sink) = AsyncStream.makeStream() }

    func build(
        _ request: BuildRequest, log: @escaping @Sendable (LogEntry) -> Void
    ) async throws -> BuiltImage {
        if request.modelName == Self.unbuildable { throw BuildFailure(reason: "The model is unbuildable.") }
        let image = BuiltImage(
            id: ImageID("image-\(request.deploymentID)"), predictPath: "/v1/models/model:predict",
            predictConcurrency: 1)
        images.withLock { $0[image.id] = image }
        return image
    }

    func image(_ id: ImageID) async -> BuiltImage? { images.withLock { $0[id] } }

    func start(_ spec: ReplicaSpec) async throws {
        let endpoint = ReplicaEndpoint(host: "127.0.0.1", port: 1)
        sink.yield(.phase(spec.replicaID, .loading, endpoint: endpoint, reason: nil))
        sink.yield(.phase(spec.replicaID, .ready, endpoint: endpoint, reason: nil))
    }

    func stop(_ id: ReplicaID, grace: Duration) async {}
    func adopt() async throws -> [Replica] { [] }
    func events() -> AsyncStream<EngineEvent> { stream }
    func removeImage(_ id: ImageID) async { images.withLock { $0[id] = nil } }
    func describe() async -> EngineDescription { EngineDescription(facts: [], missing: []) }
    func shutdown(stopReplicas: Bool) async { sink.finish() }
}
