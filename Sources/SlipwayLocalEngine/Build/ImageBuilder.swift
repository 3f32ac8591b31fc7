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
        } catch let error as CocoaError {
            // Its own words name the file.
            throw SpawnError(description: text.withoutPaths(error.localizedDescription))
        }
    }

    private func build(
        _ request: BuildRequest, _ say: @escaping @Sendable (LogLevel, String) -> Void
    ) async throws -> BuiltImage {
        let started = ContinuousClock.now
        let work = configuration.root + "/work/\(UUID().uuidString)"
        defer { Trash(root: configuration.root).discard(work) }
        do {
            return try await build(request, in: work, started, say)
        } catch {
            // Looked at while what the build wrote is still there.
            throw BuildShortage.cause(of: error, root: configuration.root)
        }
    }

    private func build(
        _ request: BuildRequest, in work: String, _ started: ContinuousClock.Instant,
        _ say: @escaping @Sendable (LogLevel, String) -> Void
    ) async throws -> BuiltImage {
        say(.info, "Build of \(request.modelName) started.")
        try FileManager.default.createDirectory(atPath: work, withIntermediateDirectories: true)
        let context = work + "/context"
        if await toolchain.existing() == nil {
            say(.info, "Waiting for the build tools, which are being installed on this machine.")
        }
        let tools = try await toolchain.tools()
        let (config, source) = try await planner.plan(
            context: context, sign: request.isDevelopment, tools: tools, sandbox: sandbox
        ) { try Self.unpack(request.archivePath, to: $0) }
        for warning in config.warnings { say(.warning, "config.yaml: \(warning)") }
        let plan = try await read(context)
        for note in plan.notes { say(.warning, note) }
        // The machine may have changed since the push.
        let unmet = try await SystemNeeds(configuration: configuration, isolation: sandbox.isolation)
            .unmet(config.machineNeeds)
        if !unmet.isEmpty {
            throw BuildFailure(reason: unmet.map { "\($0)." }.joined(separator: " "))
        }
        try Task.checkCancellation()

        let (interpreter, warning) = try await pythons.interpreter(
            for: config.namesPythonVersion ? config.pythonVersion : nil, uv: tools.uv
        ) { say(.info, $0) }
        if let warning { say(.warning, warning) }
        // Without layers, build commands change the environment itself, so it must be this deployment's own.
        let changesOwn = sandbox.isolation.mode == .plain && !config.buildCommands.isEmpty
        let environment = try await environments.environment(
            for: EnvironmentRecipe(
                interpreter: interpreter, context: context, installs: plan.installs,
                exportsLock: plan.exportsLock,
                salt: changesOwn
                    ? config.buildCommands.joined(separator: "\n") + request.deploymentID.text : ""
            ),
            tools: tools, sandbox: Wall.installSandbox.isRemoved ? sandbox.unwalled : sandbox
        ) { say(.info, $0) }
        do {
            let made = MadeEnvironment(directory: environment, interpreter: interpreter, tools: tools)
            let image = try await lay(request, config, plan, context, made, say)
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
    private func read(_ context: String) async throws -> BuildContextPlan {
        try await Blocking.run {
            if !Wall.plannedPaths.isRemoved, let problem = try FileTree.problem(in: context) {
                throw BuildFailure(reason: "The plan of the Truss is refused: \(problem).")
            }
            do {
                return try BuildContextPlan(contextDirectory: context)
            } catch {
                throw BuildFailure(reason: "\(error)")
            }
        }
    }

    private func lay(
        _ request: BuildRequest, _ config: TrussConfig, _ plan: BuildContextPlan, _ context: String,
        _ environment: MadeEnvironment, _ say: @escaping @Sendable (LogLevel, String) -> Void
    ) async throws -> BuiltImage {
        try Task.checkCancellation()
        let id = try await Blocking.run {
            try imageID(request, environment: environment.directory, config)
        }
        let directory = ImageDirectory(root: configuration.root, id: id)
        if try directory.record() == nil {
            try await ImageLayout(
                configuration: configuration, sandbox: sandbox, id: id, config: config, plan: plan,
                context: context, environment: environment, secrets: request.secrets, say: say
            ).make(directory)
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

    /// Unpacks the archive and returns the text of its config.
    private static func unpack(_ archive: String, to directory: String) throws -> String {
        do {
            try TrussArchive.unpack(archive: archive, into: directory)
        } catch .cannotWrite(_, _, let code) where BuildShortage.words(for: code) != nil {
            // Not the archive's fault; what took the room is removed already.
            throw SpawnError("A file of the Truss", code: code)
        } catch {
            throw BuildFailure(reason: "\(error)")
        }
        guard let text = try? String(contentsOfFile: directory + "/config.yaml", encoding: .utf8) else {
            throw BuildFailure(reason: "The archive has no config.yaml.")
        }
        return text
    }

    private func imageID(
        _ request: BuildRequest, environment: String, _ config: TrussConfig
    ) throws -> ImageID {
        var hash = ContentHash()
        hash.add(LocalEngineConfiguration.trussVersion)
        hash.add(environment)
        // What build commands and downloads bring is no matter of content alone.
        let isOwn = !config.buildCommands.isEmpty || config.externalData.contains { $0.sha256 == nil }
        if isOwn { hash.add(request.deploymentID.text) }
        try hash.add(file: request.archivePath)
        return ImageID(hash.name())
    }
}
