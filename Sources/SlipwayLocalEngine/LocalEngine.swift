// The local engine: replicas as supervised child processes of this machine. The composition root makes one and
// hands it to the control plane.

import Foundation
import Logging
import SlipwayCore
import SlipwayEngine
import SlipwaySockets
import SlipwayTruss

public actor LocalEngine: Engine {
    let configuration: LocalEngineConfiguration
    let logger: Logger
    private let toolchain: Toolchain
    private let planner: Planner
    private let configs: ConfigLoader
    private let pythons: Pythons
    private let environments: EnvironmentCache
    private let stream: AsyncStream<EngineEvent>
    private let continuation: AsyncStream<EngineEvent>.Continuation
    /// One for all who ask at once; kept when it has found out.
    private let probe = SharedAttempt<Sandbox>()
    /// Whether the description could not say what replicas are isolated by.
    private var owesIsolation = false
    private let groups = ControlGroups.probe()
    /// For replicas without a network of their own.
    private var ports = HostPorts()
    /// Where a Truss server listens inside a network of its own.
    private static let serverPort = 8080
    var running: [ReplicaID: Running] = [:]
    private(set) var isStopped = false
    /// Starts that have a process which is not among the running ones yet.
    private var launching = 0
    let wayOut: WayOut
    private var keeping: Task<Void, Never>?

    struct Running {
        var record: ReplicaRecord
        var disk: DiskWatch.Subject
        /// Kept open, so that it can be reached as long as anything of it runs. nil where it has none of its own.
        var network: NetworkNamespace?
        /// Ends its access to the inference API.
        var endAccess: @Sendable () -> Void
        var watch: Task<Void, Never>
    }

    /// - Throws: when the engine's directory cannot be made.
    public init(configuration: LocalEngineConfiguration, logger: Logger) throws {
        self.configuration = configuration
        self.logger = logger
        toolchain = Toolchain(configuration: configuration, logger: logger)
        planner = Planner(configuration: configuration)
        configs = ConfigLoader(configuration: configuration)
        pythons = Pythons(configuration: configuration)
        environments = EnvironmentCache(configuration: configuration)
        wayOut = WayOut(isRoot: configuration.runsAsRoot)
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
            let tools = try await toolchain.tools()
            let sandbox = try await currentSandbox()
            // Pushes ask for this one first.
            await configs.warm(tools: tools, sandbox: sandbox)
            await planner.warm(tools: tools, sandbox: sandbox)
            try await pythons.prepareDefault(uv: tools.uv)
        } catch  where Task.isCancelled {
        } catch {
            logger.warning(
                "the build tools are not ready; the next build tries again", metadata: ["reason": "\(error)"])
        }
    }

    // MARK: Builds

    public func build(
        _ request: BuildRequest, log: @escaping @Sendable (LogEntry) -> Void
    ) async throws -> BuiltImage {
        let sandbox = try await currentSandbox()
        if let refusal = sandbox.isolation.refusal { throw BuildFailure(reason: refusal) }
        return try await ImageBuilder(
            configuration: configuration, toolchain: toolchain, planner: planner, pythons: pythons,
            environments: environments, sandbox: sandbox
        ).build(request, log: log)
    }

    /// How long a push waits for build tools that are being made.
    private static let toolsPatience: Duration = .seconds(240)

    public func readConfig(_ text: ConfigText) async throws -> ConfigReading? {
        let sandbox = try await currentSandbox()
        if let refusal = sandbox.isolation.refusal { throw StartFailure(reason: refusal, cause: .machine) }
        do {
            let tools = try await toolchain.tools(within: Self.toolsPatience)
            return try await configs.read(text, tools: tools, sandbox: sandbox)
        } catch let failure as BuildFailure {
            let reason = BuildText(configuration).withoutPaths(failure.reason)
            throw StartFailure(reason: reason, cause: .machine)
        }
    }

    public func unmet(_ needs: MachineNeeds) async throws -> [UnmetNeed] {
        let isolation = try await currentSandbox().isolation
        return try await SystemNeeds(configuration: configuration, isolation: isolation).unmet(needs)
    }

    public func image(_ id: ImageID) async throws -> BuiltImage? {
        try ImageDirectory(root: configuration.root, id: id).record()?.image
    }

    public func images() async -> [ImageID] {
        let names = try? FileManager.default.contentsOfDirectory(atPath: configuration.root + "/images")
        return (names ?? []).filter { !$0.contains(".") }.map { ImageID($0) }
    }

    public func removeImage(_ id: ImageID) async {
        Trash(root: configuration.root).discard(ImageDirectory(root: configuration.root, id: id).path)
        await freeEnvironments()
    }

    /// Environments that neither an image nor a replica needs any more.
    private func freeEnvironments() async {
        let root = configuration.root
        let running = Set(running.values.compactMap(\.record.pythonEnvironment))
        await environments.collect { ImageDirectory.environments(root: root)?.union(running) }
    }

    // MARK: Replicas

    public func start(_ spec: ReplicaSpec) async throws {
        let image = ImageDirectory(root: configuration.root, id: spec.imageID)
        let record: ImageRecord?
        do {
            record = try image.record()
        } catch {
            throw StartFailure(
                reason: BuildText(configuration).withoutPaths("The image cannot be read now: \(error)"),
                cause: .machine)
        }
        guard let built = record else {
            throw StartFailure(
                reason: "The image \(spec.imageID) is not on this machine; retry the deployment to build it.",
                cause: .image)
        }
        let sandbox = try await currentSandbox()
        if let refusal = sandbox.isolation.refusal { throw StartFailure(reason: refusal) }
        let egress = try self.egress(of: built, sandbox.isolation)
        let isInside = sandbox.isolation.has(.network) && !Wall.network.isRemoved
        if isInside, egress == .open { try wayOut.check() }
        let rules = isInside && egress == .open ? wayOut.rules(allowed: built.allowedAddresses) : nil
        let spare: NetworkNamespace? = if let rules { await wayOut.spares.take(rules) } else { nil }
        let port = isInside ? built.fixedPort ?? Self.serverPort : try await takePort(built)
        let unit = UnitDirectory(root: configuration.root, id: spec.replicaID)
        var group: ControlGroup?
        do {
            // From here to the start of the process nothing else of the engine runs.
            if isStopped { throw Self.stopped }
            // First of all, so that whatever a killed server leaves of this start is found by its directory.
            try unit.make()
            group = try groups.make(
                spec.replicaID.text, .replica(spec.instanceType, disk: configuration.replicaDiskLimit))
            var launch = launch(
                spec, built, image, unit, port: port, group: group, sandbox.isolation,
                hasAccess: rules != nil && configuration.serveInference != nil)
            launch.egress = egress
            launch.isNetworked = isInside
            launch.resolver = rules.map { NameServers.configuration($0.nameServers) }
            launch.spare = spare
            try sandbox.prepare(launch, secrets: spec.secrets, environmentName: spec.environmentName)
            let startedAt = configuration.now()
            func record(_ process: SpawnedProcess) -> ReplicaRecord {
                ReplicaRecord(
                    replicaID: spec.replicaID, deploymentID: spec.deploymentID, imageID: spec.imageID,
                    process: process, bootID: ReplicaRecord.currentBootID, port: port,
                    readinessPath: built.readinessPath, startedAt: startedAt, controlGroup: group,
                    reservation: spec.reservation, egress: egress, pythonEnvironment: built.pythonEnvironment,
                    hasNetwork: isInside, allowedAddresses: built.allowedAddresses,
                    healthChecks: built.healthChecks, livenessPath: built.livenessPath)
            }
            let waiting = try sandbox.begin(launch) { try unit.write(record($0)) }
            var started = record(waiting.process)
            launching += 1
            defer { launching -= 1 }
            do {
                if let rules, spare == nil {
                    try await wayOut.open(started.process, unit: unit.path, rules: rules) { helper in
                        started.helper = helper
                        try unit.write(started)
                    }
                }
                // What `keepWaysOut` does not know yet does not get new addresses of this machine.
                if let rules, wayOut.rules(allowed: built.allowedAddresses) != rules {
                    try await wayOut.reload(started)
                }
                if isStopped { throw Self.stopped }
                try waiting.open()
            } catch {
                waiting.discard()
                await started.endHelper()
                throw error
            }
            watch(started, unit: unit, initial: .starting)
            if rules != nil, wayOut.isRoot { await wayOut.spares.refill(wayOut.rules(allowed: nil)) }
        } catch {
            if !isInside { ports.release(port) }
            await group?.remove()
            await unit.remove()
            if error is StartFailure { throw error }
            throw StartFailure(
                reason: BuildText(configuration).withoutPaths("\(error)"),
                cause: Shortage.isCause(of: error) ? .machine : .replica)
        }
    }

    private static let stopped = StartFailure(
        reason: "The server ends; the replica was not started.", cause: .machine)

    /// What the replica may reach: the stricter one of the server's and the deployment's choice.
    private func egress(of image: ImageRecord, _ isolation: Isolation) throws -> Egress {
        let isClosed = configuration.egress == .closed || image.egress == .closed
        guard isClosed || image.allowedAddresses != nil else { return .open }
        if let reason = isolation.reasons[.network] {
            let key = isClosed ? "egress \"none\"" : "runtime.egress_restrictions"
            throw StartFailure(
                reason: "This machine cannot keep a replica from the network, as \(key) asks: \(reason)."
            )
        }
        return isClosed ? .closed : .open
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
                    "docker_server.server_port \(port) is taken on this machine; with --isolation none a server with a fixed port can run once."
            )
        }
        guard let port = ports.take() else {
            throw StartFailure(reason: "No port is free for the replica.", cause: .machine)
        }
        return port
    }

    private func launch(
        _ spec: ReplicaSpec, _ built: ImageRecord, _ image: ImageDirectory, _ unit: UnitDirectory, port: Int,
        group: ControlGroup?, _ isolation: Isolation, hasAccess: Bool
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
        if hasAccess { environment["SLIPWAY_INFERENCE_URL"] = InferenceAccess.url }
        return Launch(
            isolation: isolation, egress: .open, unit: unit.path, tree: image.tree, writesToTree: false,
            command: built.command,
            environment: environment, workingDirectory: built.workingDirectory,
            pythonEnvironment: built.pythonEnvironment,
            environmentChanges: built.changesEnvironment == true ? image.environmentChanges : nil,
            interpreterPrefix: built.interpreterPrefix,
            user: built.user ?? configuration.replicaUser, cgroups: group?.directories ?? [],
            hidden: configuration.hidden)
    }

    private func watch(_ record: ReplicaRecord, unit: UnitDirectory, initial: ReplicaPhase) {
        let process = record.process
        let group = record.controlGroup
        let disk = DiskWatch.shared.watch([unit.path], configuration.replicaDiskLimit) {
            Sandbox.processes(of: process, group)
        } end: {
            process.signal(SIGKILL)
        }
        let text = BuildText(configuration)
        let watch = ReplicaWatch(record: record, unit: unit, now: configuration.now) { [continuation] event in
            continuation.yield(event.withoutPaths(text).naming(shortageIn: group).naming(disk.reason))
        }
        if record.hasWayOut, keeping == nil { keeping = Task { await keepWaysOut() } }
        let network = record.network
        // Where its first process has ended already, the watch tells so.
        try? network?.open()
        running[record.replicaID] = Running(
            record: record, disk: disk, network: network, endAccess: openAccess(of: record, network),
            watch: Task { await watch.run(initial: initial) })
    }

    /// Lets a replica with a way out call the inference API.
    private func openAccess(of record: ReplicaRecord, _ network: NetworkNamespace?) -> @Sendable () -> Void {
        guard let network, record.hasWayOut, let serve = configuration.serveInference else { return {} }
        do {
            return serve(try InferenceAccess.listen(in: network))
        } catch {
            logger.warning(
                "a replica cannot reach the inference API",
                metadata: ["replica": "\(record.replicaID)", "reason": "\(error)"])
            return {}
        }
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
        DiskWatch.shared.forget(entry.disk)
        entry.watch.cancel()
        await entry.watch.value
        _ = process.reap()
        entry.endAccess()
        await entry.record.endHelper()
        await entry.record.controlGroup?.remove()
        if entry.network == nil { ports.release(entry.record.port) }
        await UnitDirectory(root: configuration.root, id: id).remove()
    }

    public func adopt() async throws -> [Replica] {
        // What a killed server was building goes on without it, and would write to what is cleared here.
        await configuration.register.endAll()
        try BuildLeftovers(root: configuration.root).remove()
        let adopted = try await Adoption(
            root: configuration.root, groups: groups, requiresNetwork: configuration.usesNamespaces
        ).units()
        Trash(root: configuration.root).empty()
        for (record, unit, phase) in adopted {
            if !record.ownsNetwork { ports.adopt(record.port) }
            watch(record, unit: unit, initial: phase)
        }
        await groups.remove(beginningWith: configuration.buildGroupPrefix)
        await freeEnvironments()
        return adopted.map { record, _, phase in
            var replica = Replica(
                id: record.replicaID, deploymentID: record.deploymentID, imageID: record.imageID,
                phase: phase,
                startedAt: record.startedAt,
                endpoint: record.endpoint,
                reservation: record.reservation ?? Reservation())
            replica.isMixed = record.isMixed ?? false
            return replica
        }
    }

    public func shutdown(stopReplicas: Bool) async {
        // From here on no start gets as far as a process, and those that have one end it.
        isStopped = true
        while launching > 0 { try? await Task.sleep(for: .milliseconds(5)) }
        if stopReplicas {
            await withTaskGroup(of: Void.self) { group in
                for id in running.keys { group.addTask { await self.stop(id, grace: .seconds(10)) } }
            }
        }
        for entry in running.values {
            DiskWatch.shared.forget(entry.disk)
            entry.watch.cancel()
            entry.endAccess()
        }
        for entry in running.values { await entry.watch.value }
        keeping?.cancel()
        await keeping?.value
        await wayOut.spares.stop()
        running = [:]
        await toolchain.stop()
        await planner.stop()
        await configs.stop()
        // Builds are cancelled by now; what they run must not outlive this process.
        await configuration.register.endAll()
        continuation.finish()
    }

    // MARK: The machine

    /// - Throws: `StartFailure` when the machine lacks what it takes to find out; the next call tries again.
    private func currentSandbox() async throws -> Sandbox {
        let sandbox = try await probe.value { [configuration, groups, wayOut] in
            Sandbox(
                configuration: configuration, isolation: try await Isolation.probe(configuration),
                groups: groups, wayOut: wayOut)
        }
        if owesIsolation {
            owesIsolation = false
            for line in describe(sandbox).missing { logger.warning("\(line)") }
        }
        return sandbox
    }

    private func describe(_ sandbox: Sandbox) -> (facts: [String], missing: [String]) {
        var said = sandbox.isolation.describe(user: configuration.replicaUser, egress: configuration.egress)
        guard sandbox.isolation.has(.network) else { return said }
        if let problem = wayOut.problem {
            said.missing.append(
                "replicas and builds cannot be given a way out of their network (\(problem)): only deployments with egress \"none\" can be started, and no packages can be installed"
            )
        } else {
            said.facts.append(
                "builds reach what is outside of this machine, and of it the package indexes that you name")
            if configuration.egress == .open {
                said.facts.append("replicas reach what is outside of this machine, and nothing of it")
            }
        }
        return said
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
        guard (try? await currentSandbox())?.isolation.mode == .root, var record = running[id]?.record,
            let built = try? ImageDirectory(root: configuration.root, id: image).record(),
            // A network cannot be given or taken while it runs.
            (built.egress ?? .open) == .closed || configuration.egress == .closed
                ? record.egress == .closed : record.egress != .closed
        else { return false }
        let unit = UnitDirectory(root: configuration.root, id: id)
        do {
            // Before its files change: from then on it is not what its old image says, whoever asks.
            record.imageID = image
            record.isMixed = true
            try unit.write(record)
            running[id]?.record = record
            try await ReplicaFiles(configuration: configuration, unit: unit, process: record.process)
                .replace(files)
            return true
        } catch {
            logger.warning(
                "a replica cannot be changed in place", metadata: ["replica": "\(id)", "reason": "\(error)"])
            return false
        }
    }

    public func confirmFiles(of id: ReplicaID) async {
        guard var record = running[id]?.record else { return }
        record.isMixed = nil
        running[id]?.record = record
        // Where it cannot be written, the next server replaces the replica.
        try? UnitDirectory(root: configuration.root, id: id).write(record)
    }

    public func usage() async -> [ReplicaID: ReplicaUsage] {
        guard !running.isEmpty else { return [:] }
        let usage = ProcessUsage.bySession()
        return running.compactMapValues { usage[$0.record.process.pid] }
    }

    public func describe() async -> EngineDescription {
        var (facts, missing): ([String], [String]) = ([], [])
        do {
            (facts, missing) = describe(try await currentSandbox())
        } catch {
            missing.append("\(error)")
            owesIsolation = true
        }
        switch groups.version {
        case .none: missing.append(groups.words)
        default: facts.append(groups.words)
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
