// Lays out an image: files of the plan, downloads, build commands, and the record that replicas start from. Everything is
// made aside and moved into place at the end.

import Foundation
import SlipwayCore
import SlipwayEngine
import SlipwayTruss

/// A Python environment and what it was made with.
struct MadeEnvironment: Sendable {
    var directory: String
    var interpreter: Interpreter
    var tools: Tools
}

struct ImageLayout: Sendable {
    let configuration: LocalEngineConfiguration
    let sandbox: Sandbox
    let id: ImageID
    let config: TrussConfig
    let plan: BuildContextPlan
    /// Directory of what the planner wrote.
    let context: String
    let environment: MadeEnvironment
    /// For build commands, by name.
    let secrets: [String: String]
    let say: @Sendable (LogLevel, String) -> Void

    /// The user that the image belongs to and its replicas run as.
    private var user: UInt32 { config.dockerServer?.runAsUser ?? configuration.replicaUser }

    /// - Throws: `BuildFailure`; nothing of the image is left then.
    func make(_ final: ImageDirectory) async throws {
        let making = final.path + ".\(UUID().uuidString)"
        defer { Trash(root: configuration.root).discard(making) }
        do {
            try await make(final, in: making)
        } catch {
            throw BuildShortage.cause(of: error, root: configuration.root)
        }
    }

    private func make(_ final: ImageDirectory, in making: String) async throws {
        let tree = making + "/tree"
        try await Blocking.run {
            for directory in ["/app", "/packages"] {
                try FileManager.default.createDirectory(
                    atPath: tree + directory, withIntermediateDirectories: true)
            }
            let copy = TreeCopy(root: context, tree: tree)
            for planned in plan.copies { try copy.place(planned.source, at: planned.destination) }
        }
        try await ExternalDownloads(
            configuration: configuration, sandbox: sandbox, environment: environment, say: say
        ).place(config.externalData, in: tree, work: making + "/downloads")
        // Replicas run as a user of their own and may write to their tree.
        let owner = sandbox.isolation.mode == .root ? user : nil
        try await Blocking.run { try FileTree.claim(tree, user: owner) }
        var record = try record()
        if !config.buildCommands.isEmpty { record.changesEnvironment = sandbox.isolation.mode != .plain }
        let commands = BuildCommands(
            configuration: configuration, sandbox: sandbox, config: config, record: record, tree: tree,
            making: making, secrets: secrets, user: user, say: say)
        try await commands.run()
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

    private func record() throws -> ImageRecord {
        var variables = Dictionary(plan.environment.map { ($0.name, $0.value) }, uniquingKeysWith: { $1 })
        variables.merge(config.environmentVariables) { $1 }
        variables["APP_HOME"] = variables["APP_HOME"] ?? "/app"
        var record = ImageRecord(
            image: BuiltImage(
                id: id, predictPath: BuiltImage.trussPredictPath,
                predictConcurrency: config.predictConcurrency
            ),
            command: [environment.directory + "/bin/python", ReplicaScripts.bootPath, "/app/main.py"],
            environment: variables, workingDirectory: "/app", pythonEnvironment: environment.directory,
            interpreterPrefix: environment.interpreter.prefix, readinessPath: "/v1/models/model",
            egress: config.egress, allowedAddresses: config.allowedAddresses,
            healthChecks: config.healthChecks, user: config.dockerServer?.runAsUser)
        if let server = config.dockerServer {
            record.command = ["/bin/sh", "-c", server.startCommand]
            record.image.predictPath = server.predictEndpoint
            record.readinessPath = config.speaksGRPC ? GRPCHealth.path : server.readinessEndpoint
            record.livenessPath = config.speaksGRPC ? nil : server.livenessEndpoint
            record.fixedPort = server.port
            try checkCommand(server.startCommand)
        }
        return record
    }

    /// A start command whose program is not there would only fail later and less clearly.
    private func checkCommand(_ command: String) throws {
        guard let program = command.split(separator: " ").first.map(String.init), !program.contains("=")
        else { return }
        let builtins: Set<String> = [
            "sh", "bash", "exec", "cd", "export", "set", "test", "exit", "if", "while", "for",
        ]
        let places =
            program.contains("/")
            ? [""] : [environment.directory + "/bin/", "/usr/local/bin/", "/usr/bin/", "/bin/", "/usr/sbin/"]
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
