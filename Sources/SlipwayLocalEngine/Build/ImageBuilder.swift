// One build: unpack, validate, plan, environment, layout. Everything is made aside and moved into place at the
// end, so that a build that stops anywhere leaves nothing. What was pushed and what packages bring runs in sandboxes; what
// they leave is looked at before it is used.

import Foundation
import SlipwayCore
import SlipwayEngine
import SlipwayTruss

struct ImageBuilder: Sendable {
    let configuration: LocalEngineConfiguration
    let toolchain: Toolchain
    let planner: Planner
    let pythons: Pythons
    let environments: EnvironmentCache
    let sandbox: Sandbox

    func build(
        _ request: BuildRequest, log: @escaping @Sendable (LogEntry) -> Void
    ) async throws -> BuiltImage {
        let text = BuildText(configuration)
        do {
            return try await build(request) { [now = configuration.now] level, line in
                log(LogEntry(at: now(), text.withoutPaths(line), level: level))
            }
        } catch let error as BuildFailure {
            throw BuildFailure(reason: text.withoutPaths(error.reason))
        } catch let error as SpawnError {
            throw SpawnError(description: text.withoutPaths(error.description), code: error.code)
        }
    }

    private func build(
        _ request: BuildRequest, _ say: @escaping @Sendable (LogLevel, String) -> Void
    ) async throws -> BuiltImage {
        let started = ContinuousClock.now
        let work = configuration.root + "/work/\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: work, withIntermediateDirectories: true)
        defer { Trash(root: configuration.root).discard(work) }

        say(.info, "Build of \(request.modelName) started.")
        let context = work + "/context"
        let tools = try await toolchain.tools()
        let (config, source) = try await planner.plan(
            context: context, sign: request.isDevelopment, tools: tools, sandbox: sandbox
        ) { try Self.unpack(request.archivePath, to: $0) }
        for warning in config.warnings { say(.warning, "config.yaml: \(warning)") }
        let plan = try await read(context, config)
        for note in plan.notes { say(.warning, note) }
        try await warnOfSystemPackages(config, work: work, say)
        try Task.checkCancellation()

        let (interpreter, warning) = try await pythons.interpreter(
            for: config.pythonVersion, isAsked: config.namesPythonVersion, uv: tools.uv)
        if let warning { say(.warning, warning) }
        // Without layers, build commands change the environment itself, so it must be this deployment's own.
        let changesOwn = sandbox.isolation.mode == .plain && !plan.buildCommands.isEmpty
        let environment = try await environments.environment(
            for: EnvironmentRecipe(
                interpreter: interpreter, context: context, installs: plan.installs,
                exportsLock: plan.exportsLock,
                salt: changesOwn ? plan.buildCommands.joined(separator: "\n") + request.deploymentID.text : ""
            ),
            tools: tools, sandbox: Wall.installSandbox.isRemoved ? sandbox.unwalled : sandbox
        ) { say(.info, $0) }
        do {
            let image = try await lay(request, config, plan, context, environment, interpreter, say)
            await environments.release(environment)
            say(.info, "Build finished in \(Self.seconds(since: started)).")
            var result = image
            result.source = source
            return result
        } catch {
            await environments.release(environment)
            throw error
        }
    }

    /// What the planner wrote, once nothing in it can lead the server elsewhere.
    private func read(_ context: String, _ config: TrussConfig) async throws -> BuildContextPlan {
        try await Blocking.run {
            if !Wall.plannedPaths.isRemoved, let problem = try FileTree.problem(in: context) {
                throw BuildFailure(reason: "The plan of the Truss is refused: \(problem).")
            }
            do {
                return try BuildContextPlan(contextDirectory: context, buildCommands: config.buildCommands)
            } catch {
                throw BuildFailure(reason: "\(error)")
            }
        }
    }

    private func lay(
        _ request: BuildRequest, _ config: TrussConfig, _ plan: BuildContextPlan, _ context: String,
        _ environment: String, _ interpreter: Interpreter,
        _ say: @escaping @Sendable (LogLevel, String) -> Void
    ) async throws -> BuiltImage {
        try Task.checkCancellation()
        let id = try await Blocking.run { try imageID(request, environment: environment, plan) }
        let directory = ImageDirectory(root: configuration.root, id: id)
        if try directory.record() == nil {
            try await lay(directory, id, config, plan, context, environment, interpreter, say)
        }
        guard let record = try directory.record() else {
            throw BuildFailure(reason: "The image cannot be written.")
        }
        return record.image
    }

    private static func seconds(since start: ContinuousClock.Instant) -> String {
        let milliseconds = (ContinuousClock.now - start) / .milliseconds(1)
        return "\((milliseconds / 10).rounded() / 100) s"
    }

    private static func unpack(_ archive: String, to directory: String) throws -> TrussConfig {
        do {
            try TrussArchive.unpack(archive: archive, into: directory)
        } catch {
            throw BuildFailure(reason: "\(error)")
        }
        guard let text = try? String(contentsOfFile: directory + "/config.yaml", encoding: .utf8) else {
            throw BuildFailure(reason: "The archive has no config.yaml.")
        }
        do {
            return try TrussConfig(yaml: text)
        } catch {
            throw BuildFailure(reason: "config.yaml: \(error)")
        }
    }

    private func imageID(
        _ request: BuildRequest, environment: String, _ plan: BuildContextPlan
    ) throws -> ImageID {
        var hash = ContentHash()
        hash.add(LocalEngineConfiguration.trussVersion)
        hash.add(environment)
        // What build commands make is no matter of content alone.
        if !plan.buildCommands.isEmpty { hash.add(request.deploymentID.text) }
        try hash.add(file: request.archivePath)
        return ImageID(hash.name())
    }

    /// Replicas run on this machine's system, so its packages are the ones they see.
    private func warnOfSystemPackages(
        _ config: TrussConfig, work: String, _ say: @Sendable (LogLevel, String) -> Void
    ) async throws {
        for package in config.systemPackages {
            guard let name = package.split(separator: "=").first else { continue }
            let result = try? await Command.run(
                ["/usr/bin/dpkg-query", "-W", "-f", "${Status}", "--", String(name)],
                environment: Command.buildEnvironment(home: "/"), directory: "/", output: work + "/dpkg.log")
            if result?.tail.last?.contains("install ok installed") != true {
                say(
                    .warning,
                    "system_packages: \(name) is not installed on this machine; install it with apt-get.")
            }
        }
    }

    // MARK: Layout

    private func lay(
        _ final: ImageDirectory, _ id: ImageID, _ config: TrussConfig, _ plan: BuildContextPlan,
        _ context: String, _ environment: String, _ interpreter: Interpreter,
        _ say: @escaping @Sendable (LogLevel, String) -> Void
    ) async throws {
        let making = final.path + ".\(UUID().uuidString)"
        let tree = making + "/tree"
        defer { Trash(root: configuration.root).discard(making) }
        if let download = plan.downloads.first {
            throw BuildFailure(
                reason:
                    "external_data is not fetched in this version (\(download.source)); put the file into data/."
            )
        }
        let user = sandbox.isolation.mode == .root ? configuration.replicaUser : nil
        try await Blocking.run {
            for directory in ["/app", "/packages"] {
                try FileManager.default.createDirectory(
                    atPath: tree + directory, withIntermediateDirectories: true)
            }
            let copy = TreeCopy(root: context, tree: tree)
            for planned in plan.copies { try copy.place(planned.source, at: planned.destination) }
            // Replicas run as a user of their own and may write to their tree.
            try FileTree.claim(tree, user: user)
        }
        var record = try record(id, config, plan, environment, interpreter)
        if !plan.buildCommands.isEmpty { record.changesEnvironment = sandbox.isolation.mode != .plain }
        for command in plan.buildCommands { try await run(command, record, tree: tree, making: making, say) }
        try JSONEncoder().encode(record).write(
            to: URL(fileURLWithPath: making + "/image.json"), options: .atomic)
        if rename(making, final.path) == 0 { return }
        // Another build of the same content may have been faster: either result is the same.
        if try final.record() != nil { return }
        // What is in the way is damaged. Replicas that run may still need its files: they go with the next start.
        if rename(final.path, making + ".old") == 0, rename(making, final.path) == 0 { return }
        let reason = String(cString: strerror(errno))
        if try final.record() == nil { throw BuildFailure(reason: "The image cannot be stored: \(reason).") }
    }

    private func run(
        _ command: String, _ record: ImageRecord, tree: String, making: String,
        _ say: @escaping @Sendable (LogLevel, String) -> Void
    ) async throws {
        say(.info, "Running build command: \(command)")
        let changes = making + "/environment"
        try FileManager.default.createDirectory(atPath: changes, withIntermediateDirectories: true)
        let launch = Launch(
            isolation: sandbox.isolation, egress: .open, unit: making + "/command", tree: tree,
            writesToTree: true, command: ["/bin/sh", "-c", command], environment: record.environment,
            workingDirectory: record.workingDirectory, pythonEnvironment: record.pythonEnvironment,
            environmentChanges: record.changesEnvironment == true ? changes : nil,
            interpreterPrefix: record.interpreterPrefix, user: configuration.replicaUser, cgroups: [],
            hidden: configuration.hidden)
        // On top of what the Truss brought.
        let limit = try await Blocking.run { [limit = configuration.buildDiskLimit] in
            limit.adding(DiskUsage.of(tree))
        }
        let result = try await sandbox.run(
            launch, limits: .build(disk: limit, time: Self.commandTimeout), watched: [tree, changes]
        ) { say(.info, $0) }
        guard result.code == 0 else {
            throw BuildFailure(
                reason:
                    "The build command \"\(command)\" ended with code \(result.code): \(result.force)\(result.tail.last ?? "")"
            )
        }
    }

    /// The longest time a build command may take.
    private static let commandTimeout: Duration = .seconds(3600)

    private func record(
        _ id: ImageID, _ config: TrussConfig, _ plan: BuildContextPlan, _ environment: String,
        _ interpreter: Interpreter
    ) throws -> ImageRecord {
        var variables = Dictionary(plan.environment.map { ($0.name, $0.value) }, uniquingKeysWith: { $1 })
        variables.merge(config.environmentVariables) { $1 }
        variables["APP_HOME"] = variables["APP_HOME"] ?? "/app"
        var record = ImageRecord(
            image: BuiltImage(
                id: id, predictPath: BuiltImage.trussPredictPath,
                predictConcurrency: config.predictConcurrency
            ),
            command: [environment + "/bin/python", ReplicaScripts.bootPath, "/app/main.py"],
            environment: variables, workingDirectory: "/app", pythonEnvironment: environment,
            interpreterPrefix: interpreter.prefix, readinessPath: "/v1/models/model", egress: config.egress,
            allowedAddresses: config.allowedAddresses)
        if let server = config.dockerServer {
            record.command = ["/bin/sh", "-c", server.startCommand]
            record.image.predictPath = server.predictEndpoint
            record.readinessPath = config.speaksGRPC ? GRPCHealth.path : server.readinessEndpoint
            record.fixedPort = server.port
            try checkCommand(server.startCommand, environment: environment)
        }
        return record
    }

    /// A start command whose program is not there would only fail later and less clearly.
    private func checkCommand(_ command: String, environment: String) throws {
        guard let program = command.split(separator: " ").first.map(String.init), !program.contains("=")
        else { return }
        let builtins: Set<String> = [
            "sh", "bash", "exec", "cd", "export", "set", "test", "exit", "if", "while", "for",
        ]
        let places =
            program.contains("/")
            ? [""] : [environment + "/bin/", "/usr/local/bin/", "/usr/bin/", "/bin/", "/usr/sbin/"]
        let isInTree =
            program.hasPrefix("/app/") || program.hasPrefix("./") || program.hasPrefix("/packages/")
        if builtins.contains(program) || isInTree
            || places.contains(where: { FileManager.default.isExecutableFile(atPath: $0 + program) })
        {
            return
        }
        throw BuildFailure(
            reason:
                "docker_server.start_command: \(program) does not exist on this machine; without a container engine only programs of the host and of the Python environment can be run."
        )
    }
}
