// The local engine: replicas as supervised child processes of this machine. The composition root makes one and
// hands it to the control plane.

import Foundation
import Logging
import SlipwayCore
import SlipwayEngine

public actor LocalEngine: Engine {
    private let configuration: LocalEngineConfiguration
    private let logger: Logger
    private let toolchain: Toolchain
    private let planner: Planner
    private let pythons: Pythons
    private let environments: EnvironmentCache
    private let stream: AsyncStream<EngineEvent>
    private let continuation: AsyncStream<EngineEvent>.Continuation
    private var sandbox: Sandbox?
    private var ports: PortPool
    private var running: [ReplicaID: Running] = [:]

    private struct Running {
        var record: ReplicaRecord
        var isChild: Bool
        var watch: Task<Void, Never>
    }

    /// - Throws: when the engine's directory cannot be made.
    public init(configuration: LocalEngineConfiguration, logger: Logger) throws {
        self.configuration = configuration
        self.logger = logger
        toolchain = Toolchain(configuration: configuration, logger: logger)
        planner = Planner(configuration: configuration)
        pythons = Pythons(configuration: configuration)
        environments = EnvironmentCache(configuration: configuration)
        ports = PortPool(configuration.ports)
        (stream, continuation) = AsyncStream.makeStream()
        for name in ["", "/tools", "/images", "/environments", "/replicas", "/work"] {
            try FileManager.default.createDirectory(
                atPath: configuration.root + name, withIntermediateDirectories: true,
                attributes: [.posixPermissions: 0o700])
        }
    }

    nonisolated public func events() -> AsyncStream<EngineEvent> { stream }

    /// Makes the build tools in the background, so that the first push finds them.
    public func prepare() async {
        do {
            await planner.warm(tools: try await toolchain.tools())
            _ = try await pythons.all()
        } catch {
            logger.warning(
                "the build tools are not ready; the next build tries again", metadata: ["reason": "\(error)"])
        }
    }

    // MARK: Builds

    public func build(
        _ request: BuildRequest, log: @escaping @Sendable (LogEntry) -> Void
    ) async throws -> BuiltImage {
        try await ImageBuilder(
            configuration: configuration, toolchain: toolchain, planner: planner, pythons: pythons,
            environments: environments, sandbox: await currentSandbox()
        ).build(request, log: log)
    }

    public func image(_ id: ImageID) async -> BuiltImage? {
        ImageDirectory(root: configuration.root, id: id).record()?.image
    }

    public func removeImage(_ id: ImageID) async {
        try? FileManager.default.removeItem(atPath: ImageDirectory(root: configuration.root, id: id).path)
    }

    // MARK: Replicas

    public func start(_ spec: ReplicaSpec) async throws {
        let image = ImageDirectory(root: configuration.root, id: spec.imageID)
        guard let built = image.record() else {
            throw StartFailure(
                reason: "The image \(spec.imageID) is not on this machine; retry the deployment to build it.")
        }
        let sandbox = await currentSandbox()
        let port = try await takePort(built)
        let unit = UnitDirectory(root: configuration.root, id: spec.replicaID)
        var group: ControlGroup?
        do {
            group = ControlGroup.make(spec.replicaID, spec.instanceType)
            let launch = launch(spec, built, image, unit, port: port, group: group, mode: sandbox.mode)
            try sandbox.prepare(launch, secrets: spec.secrets, environmentName: spec.environmentName)
            let process = try sandbox.start(launch)
            let record = ReplicaRecord(
                replicaID: spec.replicaID, deploymentID: spec.deploymentID, imageID: spec.imageID,
                process: process, bootID: ReplicaRecord.currentBootID, port: port,
                readinessPath: built.readinessPath,
                startedAt: Timestamp(microseconds: Int64(Date().timeIntervalSince1970 * 1e6)),
                controlGroup: group, reservation: spec.reservation)
            do {
                try unit.write(record)
            } catch {
                // Without its record a replica could not be found again.
                process.signal(SIGKILL)
                throw error
            }
            watch(record, unit: unit, isChild: true, initial: .starting)
        } catch {
            ports.release(port)
            await group?.remove()
            unit.remove()
            throw error is StartFailure ? error : StartFailure(reason: "\(error)")
        }
    }

    /// Looks at a fixed port until it is free: the replica before may be about to end.
    private static let portPatience = (looks: 300, pause: Duration.milliseconds(50))

    private func takePort(_ image: ImageRecord) async throws -> Int {
        if let port = image.fixedPort {
            for _ in 0..<Self.portPatience.looks {
                if ports.take(port) { return port }
                try await Task.sleep(for: Self.portPatience.pause)
            }
            throw StartFailure(
                reason:
                    "docker_server.server_port \(port) is taken on this machine; a server with a fixed port can run once."
            )
        }
        guard let port = ports.take() else { throw StartFailure(reason: "No port is free for the replica.") }
        return port
    }

    private func launch(
        _ spec: ReplicaSpec, _ built: ImageRecord, _ image: ImageDirectory, _ unit: UnitDirectory, port: Int,
        group: ControlGroup?, mode: SandboxMode
    ) -> Launch {
        var environment = built.environment
        environment["INFERENCE_SERVER_PORT"] = "\(port)"
        environment["PORT"] = environment["PORT"] ?? "\(port)"
        // Indexes as nvidia-smi counts; a replica without GPUs sees none.
        environment["CUDA_DEVICE_ORDER"] = "PCI_BUS_ID"
        environment["CUDA_VISIBLE_DEVICES"] = spec.reservation.gpus.map(String.init).joined(separator: ",")
        environment["BT_MODEL_ID"] = spec.modelID.text
        environment["BT_MODEL_VERSION_ID"] = spec.deploymentID.text
        environment["BT_REPLICA_ID"] = spec.replicaID.text
        return Launch(
            mode: mode, unit: unit.path, tree: image.tree, writesToTree: false, command: built.command,
            environment: environment, workingDirectory: built.workingDirectory,
            pythonEnvironment: built.pythonEnvironment, interpreterPrefix: built.interpreterPrefix,
            user: configuration.replicaUser, cgroups: group?.directories ?? [])
    }

    private func watch(_ record: ReplicaRecord, unit: UnitDirectory, isChild: Bool, initial: ReplicaPhase) {
        let watch = ReplicaWatch(record: record, unit: unit, isChild: isChild) { [continuation] event in
            continuation.yield(event)
        }
        running[record.replicaID] = Running(
            record: record, isChild: isChild, watch: Task { await watch.run(initial: initial) })
    }

    public func stop(_ id: ReplicaID, grace: Duration) async {
        guard let entry = running.removeValue(forKey: id) else { return }
        let process = entry.record.process
        process.signal(SIGTERM)
        let deadline = ContinuousClock.now + grace
        while process.isRunning, ContinuousClock.now < deadline {
            try? await Task.sleep(for: .milliseconds(50))
        }
        process.signal(SIGKILL)
        while process.isRunning { try? await Task.sleep(for: .milliseconds(20)) }
        entry.watch.cancel()
        await entry.watch.value
        if entry.isChild { _ = process.reap() }
        await entry.record.controlGroup?.remove()
        ports.release(entry.record.port)
        UnitDirectory(root: configuration.root, id: id).remove()
    }

    public func adopt() async throws -> [Replica] {
        try? FileManager.default.removeItem(atPath: configuration.root + "/work")
        try FileManager.default.createDirectory(
            atPath: configuration.root + "/work", withIntermediateDirectories: true)
        var replicas: [Replica] = []
        for name in try FileManager.default.contentsOfDirectory(atPath: configuration.root + "/replicas") {
            let unit = UnitDirectory(root: configuration.root, id: ReplicaID(name))
            guard let record = unit.record(), record.bootID == ReplicaRecord.currentBootID,
                record.process.isRunning
            else {
                await unit.record()?.controlGroup?.remove()
                unit.remove()
                continue
            }
            let isReady = await ReadinessProbe.isReady(port: record.port, path: record.readinessPath)
            let phase: ReplicaPhase = isReady ? .ready : .loading
            ports.adopt(record.port)
            watch(record, unit: unit, isChild: false, initial: phase)
            replicas.append(
                Replica(
                    id: record.replicaID, deploymentID: record.deploymentID, imageID: record.imageID,
                    phase: phase,
                    startedAt: record.startedAt,
                    endpoint: ReplicaEndpoint(host: "127.0.0.1", port: record.port),
                    reservation: record.reservation ?? Reservation()))
        }
        return replicas
    }

    public func shutdown(stopReplicas: Bool) async {
        if stopReplicas {
            await withTaskGroup(of: Void.self) { group in
                for id in running.keys { group.addTask { await self.stop(id, grace: .seconds(10)) } }
            }
        }
        for entry in running.values { entry.watch.cancel() }
        for entry in running.values { await entry.watch.value }
        running = [:]
        await planner.stop()
        continuation.finish()
    }

    // MARK: The machine

    private func currentSandbox() async -> Sandbox {
        if let sandbox { return sandbox }
        let made = Sandbox(configuration: configuration, mode: await SandboxMode.probe(configuration))
        sandbox = made
        return made
    }

    public func setEnvironment(_ name: String?, of id: ReplicaID) async {
        guard running[id] != nil else { return }
        do {
            try EnvironmentFile(unit: UnitDirectory(root: configuration.root, id: id).path).write(name)
        } catch {
            logger.warning(
                "a replica cannot be told its environment",
                metadata: ["replica": "\(id)", "reason": "\(error)"])
        }
    }

    public func replaceFiles(of id: ReplicaID, _ files: [SourceFile], image: ImageID) async -> Bool {
        guard await currentSandbox().mode == .root, var record = running[id]?.record else { return false }
        let unit = UnitDirectory(root: configuration.root, id: id)
        do {
            try await ReplicaFiles(configuration: configuration, unit: unit, process: record.process)
                .replace(files)
            record.imageID = image
            try unit.write(record)
            running[id]?.record = record
            return true
        } catch {
            logger.warning(
                "a replica cannot be changed in place", metadata: ["replica": "\(id)", "reason": "\(error)"])
            return false
        }
    }

    public func usage() async -> [ReplicaID: ReplicaUsage] {
        guard !running.isEmpty else { return [:] }
        let usage = ProcessUsage.byGroup()
        return running.compactMapValues { usage[$0.record.process.pid] }
    }

    public func describe() async -> EngineDescription {
        var facts: [String] = []
        var missing: [String] = []
        switch await currentSandbox().mode {
        case .root:
            facts.append(
                "replicas run as uid \(configuration.replicaUser) in a root and mount namespace of their own")
        case .userNamespace:
            facts.append("replicas run in a root and namespaces of their own")
            missing.append(
                "replicas run as the server's user; start the server as root to give them one of their own")
        case .plain:
            missing.append(
                "mount namespaces cannot be used: replicas run as plain processes and see the files of their user"
            )
        }
        switch ControlGroup.available() {
        case .none:
            missing.append("control groups cannot be written: memory and CPU of replicas are not limited")
        case let version:
            facts.append("memory, CPU and processes of replicas are limited by cgroups \(version.rawValue)")
        }
        let machine = await LocalMachine.discover(work: configuration.root + "/work")
        if machine.gpus.isEmpty {
            missing.append("no GPU was found: nvidia-smi is missing or knows none")
        } else {
            facts.append("GPUs: " + machine.gpus.map { "\($0.index) \($0.type)" }.joined(separator: ", "))
        }
        let versions = ((try? await pythons.all()) ?? [:]).values.map(\.fullVersion).sorted()
        if versions.isEmpty {
            missing.append("no Python from 3.9 to 3.14 was found")
        } else {
            facts.append("Python \(versions.joined(separator: ", "))")
        }
        if await toolchain.existing() != nil {
            facts.append("build tools with truss \(LocalEngineConfiguration.trussVersion)")
        } else {
            facts.append("build tools are made at the first start (needs a package index)")
        }
        return EngineDescription(facts: facts, missing: missing)
    }
}
