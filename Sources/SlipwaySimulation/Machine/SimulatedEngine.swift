// The engine of one server: a handle on the machine that fails, is slow, and is worth nothing once its server is dead.

import SlipwayCore
import SlipwayEngine

final class SimulatedEngine: Engine, @unchecked Sendable {
    private let world: World
    private let machine: Machine
    private let stream: AsyncStream<EngineEvent>
    private let sink: AsyncStream<EngineEvent>.Continuation
    private(set) var isDead = false
    /// Starts under way: when the server dies, each has happened or not.
    private var starting: [ReplicaID: ReplicaSpec] = [:]

    init(world: World) {
        self.world = world
        machine = world.machine
        (stream, sink) = AsyncStream.makeStream()
    }

    func report(_ event: EngineEvent) { sink.yield(event) }

    /// The server's process ends here and now.
    func die() {
        isDead = true
        sink.finish()
        for (_, spec) in starting.sorted(by: { $0.key < $1.key })
        where world.faultDice.chance(0.5, "engine/started-and-died") {
            // None begins from an image that is not there, whoever lives to hear of it.
            if !machine.lostImages.contains(spec.imageID) { machine.spawn(spec) }
        }
        starting = [:]
    }

    private func pass(_ shortest: Duration, _ longest: Duration, _ label: String) async throws {
        try await world.scheduler.sleep(world.faultDice.span(shortest, longest, label))
        if isDead { throw CancellationError() }
    }

    // MARK: Engine

    func build(_ request: BuildRequest, log: @escaping @Sendable (LogEntry) -> Void) async throws
        -> BuiltImage
    {
        let name = request.archivePath.split(separator: "/").last.map(String.init) ?? ""
        let deployment = world.name(of: request.deploymentID)
        try await pass(.milliseconds(50), .seconds(60), "\(deployment)/builds-for")
        let code = Machine.code(of: name)
        if code == .unbuildable { throw BuildFailure(reason: "The model is unbuildable.") }
        if world.faultDice.chance(world.weather.buildFailures, "\(deployment)/build-fails") {
            throw Weather.Fault.build
        }
        // Equal archives share an image.
        let image = BuiltImage(
            id: ImageID("\(code.rawValue)-image-\(world.faultDice.number(1...6, "\(deployment)/image"))"),
            predictPath: BuiltImage.trussPredictPath,
            predictConcurrency: world.faultDice.number(1...3, "\(deployment)/concurrency"))
        if machine.images[image.id] == nil { machine.images[image.id] = image }
        machine.lostImages.remove(image.id)
        guard var built = machine.images[image.id] else { return image }
        if request.isDevelopment {
            built.source = SourceSignature(hash: "source-\(world.faultDice.next())", signature: "{}")
        }
        return built
    }

    func image(_ id: ImageID) async -> BuiltImage? { machine.images[id] }

    func start(_ spec: ReplicaSpec) async throws {
        let name = world.name(of: spec.deploymentID)
        starting[spec.replicaID] = spec
        defer { starting[spec.replicaID] = nil }
        try? await world.scheduler.sleep(
            world.faultDice.span(.milliseconds(2), .milliseconds(500), "\(name)/starts-for"))
        if isDead { throw CancellationError() }
        if world.faultDice.chance(world.weather.startFailures, "\(name)/start-fails") {
            world.excuse(spec.deploymentID, "a replica did not start")
            throw StartFailure(
                reason: "fork failed",
                cause: world.faultDice.chance(0.5, "\(name)/start-lacks") ? .machine : .replica)
        }
        if machine.lostImages.contains(spec.imageID) {
            world.excuse(spec.deploymentID, "its image is lost")
            throw StartFailure(reason: "The image is not on this machine.", cause: .image)
        }
        machine.spawn(spec)
    }

    func stop(_ id: ReplicaID, grace: Duration) async {
        guard !isDead, let process = machine.processes[id] else { return }
        world.routing.stops(process, grace: grace)
        machine.processes[id]?.isStopping = true
        try? await world.scheduler.sleep(
            world.faultDice.span(
                .milliseconds(1), .seconds(8), "\(world.name(of: process.spec.deploymentID))/stops-for"))
        // A server that dies in between has asked for it already: the process ends all the same.
        machine.remove(id)
    }

    func adopt() async throws -> [Replica] {
        try await pass(.milliseconds(1), .milliseconds(100), "engine/adopts-for")
        if world.faultDice.chance(world.weather.adoptionFailures, "engine/adoption-fails") {
            throw Weather.Fault.adoption
        }
        for id in machine.processes.filter({ $0.value.hasExited || $0.value.isStopping }).keys.sorted() {
            machine.remove(id)
        }
        return machine.processes.values.map(\.replica).sorted { $0.id < $1.id }
    }

    func events() -> AsyncStream<EngineEvent> { stream }

    func images() async -> [ImageID] { isDead ? [] : machine.images.keys.sorted() }

    func removeImage(_ id: ImageID) async {
        if isDead { return }
        machine.images[id] = nil
        world.note("image \(id) is removed")
    }

    func setEnvironment(_ name: String?, of id: ReplicaID) async {}

    func replaceFiles(of id: ReplicaID, _ files: [SourceFile], image: ImageID) async -> Bool {
        try? await world.scheduler.sleep(
            world.faultDice.span(.milliseconds(1), .milliseconds(200), "engine/replaces-for"))
        guard !isDead, let process = machine.processes[id], process.answers,
            !world.faultDice.chance(world.weather.startFailures, "engine/does-not-replace")
        else { return false }
        machine.processes[id]?.image = image
        machine.processes[id]?.isMixed = true
        return true
    }

    func confirmFiles(of id: ReplicaID) async {
        if !isDead { machine.processes[id]?.isMixed = false }
    }

    func usage() async -> [ReplicaID: ReplicaUsage] {
        machine.processes.mapValues { _ in ReplicaUsage(cpuSeconds: 1, memoryBytes: 1 << 20) }
    }

    func describe() async -> EngineDescription { EngineDescription(facts: [], missing: []) }

    func shutdown(stopReplicas: Bool) async { sink.finish() }
}

extension Weather {
    enum Fault: String, Error, CustomStringConvertible {
        case build = "The build could not be carried out."
        case adoption = "Replicas cannot be looked for."
        case diskFull = "disk full"
        case serverDied = "The server has died."

        var description: String { rawValue }
    }
}
