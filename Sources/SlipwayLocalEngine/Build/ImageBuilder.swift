// One build: unpack, validate, plan, environment, layout. Everything is made aside and moved into place at the
// end, so that a build that stops anywhere leaves nothing.

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
        let started = ContinuousClock.now
        let say: @Sendable (LogLevel, String) -> Void = { [now = configuration.now] level, text in
            log(LogEntry(at: now(), text, level: level))
        }
        let work = configuration.root + "/work/\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: work, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: work) }

        say(.info, "Build of \(request.modelName) started.")
        let (truss, context) = (work + "/truss", work + "/context")
        let config = try unpack(request.archivePath, to: truss)
        for warning in config.warnings { say(.warning, "config.yaml: \(warning)") }
        let tools = try await toolchain.tools()
        let source = try await planner.plan(
            truss: truss, context: context, sign: request.isDevelopment, tools: tools)
        let plan: BuildContextPlan
        do {
            plan = try BuildContextPlan(contextDirectory: context, buildCommands: config.buildCommands)
        } catch {
            throw BuildFailure(reason: "\(error)")
        }
        for note in plan.notes { say(.warning, note) }
        try await warnOfSystemPackages(config, work: work, say)
        try Task.checkCancellation()

        let (interpreter, warning) = try await pythons.interpreter(
            for: config.pythonVersion, isAsked: config.namesPythonVersion, uv: tools.uv)
        if let warning { say(.warning, warning) }
        let environment = try await environments.environment(
            for: EnvironmentRecipe(
                interpreter: interpreter, context: context, installs: plan.installs,
                exportsLock: plan.exportsLock,
                salt: plan.buildCommands.isEmpty
                    ? "" : plan.buildCommands.joined(separator: "\n") + request.deploymentID.text),
            tools: tools
        ) { say(.info, $0) }
        try Task.checkCancellation()

        let id = try imageID(request.archivePath, environment: environment)
        let directory = ImageDirectory(root: configuration.root, id: id)
        if try directory.record() == nil {
            try await lay(directory, id, config, plan, context, environment, interpreter, say)
        }
        guard let record = try directory.record() else {
            throw BuildFailure(reason: "The image cannot be written to \(directory.path).")
        }
        say(.info, "Build finished in \(Self.seconds(since: started)).")
        var image = record.image
        image.source = source
        return image
    }

    private static func seconds(since start: ContinuousClock.Instant) -> String {
        let milliseconds = (ContinuousClock.now - start) / .milliseconds(1)
        return "\((milliseconds / 10).rounded() / 100) s"
    }

    private func unpack(_ archive: String, to directory: String) throws -> TrussConfig {
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

    private func imageID(_ archive: String, environment: String) throws -> ImageID {
        var hash = ContentHash()
        hash.add(LocalEngineConfiguration.trussVersion)
        hash.add(environment)
        try hash.add(file: archive)
        return ImageID(hash.name())
    }

    /// Replicas run on this machine's system, so its packages are the ones they see.
    private func warnOfSystemPackages(
        _ config: TrussConfig, work: String, _ say: @Sendable (LogLevel, String) -> Void
    ) async throws {
        for package in config.systemPackages {
            let name = package.split(separator: "=")[0]
            let result = try? await Command.run(
                ["/usr/bin/dpkg-query", "-W", "-f", "${Status}", String(name)],
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
        let files = FileManager.default
        let making = final.path + ".\(UUID().uuidString)"
        let tree = making + "/tree"
        defer { Trash.remove(making) }
        for directory in ["/app", "/packages"] {
            try files.createDirectory(atPath: tree + directory, withIntermediateDirectories: true)
        }
        for copy in plan.copies { try place(context + "/" + copy.source, at: tree + copy.destination) }
        if let download = plan.downloads.first {
            throw BuildFailure(
                reason:
                    "external_data is not fetched in this version (\(download.source)); put the file into data/."
            )
        }
        let record = try record(id, config, plan, environment, interpreter)
        if !plan.buildCommands.isEmpty { try own(environment) }
        try own(tree)
        for command in plan.buildCommands {
            say(.info, "Running build command: \(command)")
            let result = try await sandbox.run(
                ["/bin/sh", "-c", command], image: record, tree: tree, work: making
            ) { say(.info, $0) }
            guard result.code == 0 else {
                throw BuildFailure(
                    reason:
                        "The build command \"\(command)\" ended with code \(result.code): \(result.force)\(result.tail.last ?? "")"
                )
            }
        }
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

    /// Copies what the planner laid out; directories are merged.
    private func place(_ source: String, at target: String) throws {
        let files = FileManager.default
        var isDirectory: ObjCBool = false
        guard files.fileExists(atPath: source, isDirectory: &isDirectory) else { return }
        if isDirectory.boolValue {
            try files.createDirectory(atPath: target, withIntermediateDirectories: true)
            for name in try files.contentsOfDirectory(atPath: source) {
                try place(source + "/" + name, at: target + "/" + name)
            }
            return
        }
        try files.createDirectory(
            atPath: (target as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
        try? files.removeItem(atPath: target)
        // The context is a throw-away copy, so its files are moved: no second copy of weights.
        if link(source, target) != 0 { try files.copyItem(atPath: source, toPath: target) }
    }

    /// Replicas run as a user of their own and may write to their tree.
    private func own(_ directory: String) throws {
        guard configuration.runsAsRoot else { return }
        let user = configuration.replicaUser
        lchown(directory, user, user)
        guard let walker = FileManager.default.enumerator(atPath: directory) else { return }
        while let name = walker.nextObject() as? String { lchown(directory + "/" + name, user, user) }
    }

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
