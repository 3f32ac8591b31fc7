// The pinned environment of the server: uv and the upstream package, made once and shared by all builds.

import Foundation
import Logging
import SlipwayEngine

/// Where the tools are.
struct Tools: Sendable, Equatable {
    var uv: String
    /// Python of the environment that has the upstream package.
    var python: String

    /// What a sandboxed process must see to run the installer.
    var installerViews: [View] {
        let real = URL(fileURLWithPath: uv).resolvingSymlinksInPath().path
        return Set([uv, real]).sorted().map { .same($0) }
    }

    /// Lines of what the model server needs; none where that cannot be found.
    var serverRequirements: [String] {
        let library =
            ((python as NSString).deletingLastPathComponent as NSString).deletingLastPathComponent + "/lib"
        let versions = (try? FileManager.default.contentsOfDirectory(atPath: library)) ?? []
        let texts = versions.filter { $0.hasPrefix("python") }.compactMap {
            try? String(
                contentsOfFile: "\(library)/\($0)/site-packages/truss/templates/server/requirements.txt",
                encoding: .utf8)
        }
        return texts.joined(separator: "\n").split(separator: "\n").map(String.init).filter {
            $0.first.map { $0.isLetter } ?? false
        }
    }

    /// The same for the planner: every directory that its Python finds modules in.
    /// - Throws: `BuildFailure` when that Python does not run.
    func plannerViews(work: String) async throws -> [View] {
        let program = """
            import os, sys
            places = [sys.prefix, sys.base_prefix, os.path.dirname(os.path.realpath(sys.executable)), *sys.path]
            print(*(place for place in places if os.path.isdir(place)), sep="\\n")
            """
        let result = try await Command.run(
            [python, "-I", "-c", program], environment: Command.buildEnvironment(home: "/"), directory: "/",
            output: "\(work)/python-\(UUID().uuidString).log", timeout: .seconds(60))
        guard result.code == 0 else {
            throw BuildFailure(reason: "The Python of the build tools does not run.")
        }
        return Set(result.tail.filter { $0.hasPrefix("/") }).sorted().map { .same($0) }
    }
}

actor Toolchain {
    private let configuration: LocalEngineConfiguration
    private let logger: Logger
    private let making = SharedAttempt<Tools>()
    private var isStopped = false

    init(configuration: LocalEngineConfiguration, logger: Logger) {
        self.configuration = configuration
        self.logger = logger
    }

    private var directory: String {
        configuration.root + "/tools/truss-\(LocalEngineConfiguration.trussVersion)"
    }

    /// The tools, made if need be; a failed attempt is repeated at the next call.
    /// - Throws: `BuildFailure` in words.
    func tools() async throws -> Tools {
        if let given = configuration.toolsDirectory { return try Self.ready(given) }
        if let found = existing() { return found }
        if isStopped { throw CancellationError() }
        return try await making.value { try await self.make() }
    }

    /// The same, for callers that cannot wait for minutes.
    /// - Throws: `StartFailure` when the tools are not there in time; they go on being made.
    func tools(within limit: Duration) async throws -> Tools {
        if configuration.toolsDirectory != nil || existing() != nil { return try await tools() }
        let (results, continuation) = AsyncStream<Result<Tools, any Error>>.makeStream()
        Task {
            let result: Result<Tools, any Error>
            do { result = .success(try await self.tools()) } catch { result = .failure(error) }
            continuation.yield(result)
        }
        let timer = Task {
            try await Task.sleep(for: limit)
            continuation.finish()
        }
        defer { timer.cancel() }
        for await result in results { return try result.get() }
        throw StartFailure(
            reason: "The build tools are still being installed; try again in a minute.", cause: .machine)
    }

    /// Ends the making of the tools, which several may wait for; the next process begins anew.
    func stop() async {
        isStopped = true
        await making.cancel()
    }

    /// The tools when they are there already, whole.
    func existing() -> Tools? {
        if let given = configuration.toolsDirectory { return try? Self.ready(given) }
        return FileManager.default.fileExists(atPath: marker) ? try? Self.ready(directory) : nil
    }

    private var marker: String { directory + "/.complete" }

    private static func ready(_ directory: String) throws -> Tools {
        let tools = Tools(uv: directory + "/bin/uv", python: directory + "/bin/python")
        for path in [tools.uv, tools.python] where !FileManager.default.isExecutableFile(atPath: path) {
            throw BuildFailure(reason: "The build tools are missing: there is no \(path).")
        }
        return tools
    }

    private func make() async throws -> Tools {
        let python = ["/usr/bin/python3", "/usr/local/bin/python3"] + Pythons.onPath(named: "python3")
        guard let base = python.first(where: { FileManager.default.isExecutableFile(atPath: $0) }) else {
            throw BuildFailure(reason: "No python3 is installed on this machine.")
        }
        logger.info("making the build tools", metadata: ["directory": "\(directory)"])
        // An environment holds its own path, so it is made in place and marked when it is complete.
        try? FileManager.default.removeItem(atPath: directory)
        try FileManager.default.createDirectory(
            atPath: (directory as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
        try await run([base, "-m", "venv", directory], "venv")
        let pip = directory + "/bin/python"
        try await run(
            [pip, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "uv"], "uv")
        try await run(
            [
                directory + "/bin/uv", "pip", "install", "--quiet", "--python", pip,
                "truss==\(LocalEngineConfiguration.trussVersion)",
            ], "truss")
        let tools = try Self.ready(directory)
        guard FileManager.default.createFile(atPath: marker, contents: nil) else {
            throw BuildFailure(reason: "The build tools cannot be written to \(directory).")
        }
        return tools
    }

    private func run(_ arguments: [String], _ what: String) async throws {
        let output = configuration.root + "/tools/\(what).log"
        var environment = Command.buildEnvironment(home: configuration.root)
        // Not the cache of builds.
        environment["UV_CACHE_DIR"] = configuration.root + "/tools/cache"
        let result = try await Command.run(
            arguments, environment: environment, directory: configuration.root, output: output,
            register: configuration.register)
        guard result.code == 0 else {
            throw BuildFailure(
                reason:
                    "The build tools cannot be installed (\(what)): \(result.tail.suffix(4).joined(separator: " "))"
            )
        }
    }
}
