// The Python interpreters of this machine, by version.

import Foundation
import SlipwayEngine
import SlipwayTruss

struct Interpreter: Sendable, Hashable {
    var version: PythonVersion
    /// For example 3.11.7.
    var fullVersion: String
    var executable: String
    /// Directory its standard library lives in.
    var prefix: String
}

actor Pythons {
    private let configuration: LocalEngineConfiguration
    private var found: [PythonVersion: Interpreter]?
    /// Versions that could not be installed, and when they are tried again: a machine without a way out says so to each
    /// build at once, and one that has it back needs no restart.
    private var failed: [PythonVersion: (until: ContinuousClock.Instant, pause: Duration)] = [:]
    private let now: @Sendable () -> ContinuousClock.Instant

    init(
        configuration: LocalEngineConfiguration,
        now: @escaping @Sendable () -> ContinuousClock.Instant = { .now }
    ) {
        self.configuration = configuration
        self.now = now
    }

    /// Versions that all requirements of the pinned model server have wheels for, best first. It asks for numpy below 2,
    /// which has none from 3.13 on, upstream's default: there it is built for minutes, or not at all.
    static let withWheels = [12, 11, 10, 9].map { PythonVersion(major: 3, minor: $0) }

    /// The interpreter for a config.
    /// - Parameters:
    ///   - wanted: the version that the config names; nil takes the best one for the model server.
    ///   - say: gets what is waited for.
    /// - Returns: the interpreter and a warning when it is not the wanted version.
    /// - Throws: `BuildFailure`.
    func interpreter(
        for wanted: PythonVersion?, uv: String, say: @Sendable (String) -> Void = { _ in }
    ) async throws -> (Interpreter, warning: String?) {
        guard let wanted else { return try await defaultInterpreter(uv: uv, say: say) }
        if let exact = try await all()[wanted] { return (exact, nil) }
        if let installed = try await install(wanted, uv: uv, say: say) { return (installed, nil) }
        let others = try await all().values.sorted { $0.version < $1.version }
        let list = others.map(\.fullVersion).joined(separator: ", ")
        if configuration.pythonPolicy == .exact {
            throw BuildFailure(
                reason:
                    "Python \(wanted) is not installed here (there are \(list)), and the server is set to take no other."
            )
        }
        guard let other = others.first(where: { $0.version > wanted }) else {
            throw BuildFailure(
                reason:
                    "Python \(wanted) is not installed here, nor a newer one (there are \(list)). Install it, or set python_version."
            )
        }
        return (
            other,
            "Python \(wanted) is not installed on this machine and could not be installed; using \(other.fullVersion) instead."
        )
    }

    /// Finds or installs what builds take whose config names no version.
    func prepareDefault(uv: String) async throws { _ = try await defaultInterpreter(uv: uv) { _ in } }

    private func defaultInterpreter(
        uv: String, say: @Sendable (String) -> Void
    ) async throws -> (Interpreter, warning: String?) {
        let here = try await all()
        for version in Self.withWheels { if let found = here[version] { return (found, nil) } }
        if let best = Self.withWheels.first, let installed = try await install(best, uv: uv, say: say) {
            return (installed, nil)
        }
        guard let other = here.values.min(by: { $0.version < $1.version }) else {
            throw BuildFailure(reason: "No Python from 3.9 to 3.14 is installed on this machine.")
        }
        return (
            other,
            "Not all requirements of the model server have wheels for Python \(other.fullVersion), so some are built, which takes minutes and a compiler; install Python \(Self.withWheels[0]) on this machine."
        )
    }

    func all() async throws -> [PythonVersion: Interpreter] {
        if let found { return found }
        var interpreters: [PythonVersion: Interpreter] = [:]
        for path in Self.candidates() {
            guard let interpreter = await examine(path), interpreters[interpreter.version] == nil else {
                continue
            }
            interpreters[interpreter.version] = interpreter
        }
        found = interpreters
        return interpreters
    }

    private func install(
        _ version: PythonVersion, uv: String, say: @Sendable (String) -> Void
    ) async throws -> Interpreter? {
        if let failure = failed[version], now() < failure.until { return nil }
        say("Installing Python \(version), which is not on this machine.")
        let directory = configuration.root + "/pythons"
        var environment = Command.buildEnvironment(home: configuration.root)
        environment["UV_PYTHON_INSTALL_DIR"] = directory
        let result = try await Command.run(
            [uv, "python", "install", "\(version)"], environment: environment, directory: "/",
            output: configuration.root + "/python-\(version).log", timeout: .seconds(120))
        let installed = (try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? []
        if result.code == 0 {
            for name in installed where name.hasPrefix("cpython-\(version).") {
                if let interpreter = await examine("\(directory)/\(name)/bin/python3") {
                    found?[version] = interpreter
                    failed[version] = nil
                    return interpreter
                }
            }
        }
        let pause = failed[version].map { min($0.pause * 2, Self.longestPause) } ?? Self.firstPause
        failed[version] = (now() + pause, pause)
        return nil
    }

    private static let firstPause = Duration.seconds(30)
    private static let longestPause = Duration.seconds(3600)

    private func examine(_ path: String) async -> Interpreter? {
        let program =
            "import sys; v = sys.version_info; print(v[0], v[1], v[2], sys.base_prefix, sys.executable, sep='\\t')"
        let result = try? await Command.run(
            [path, "-I", "-c", program], environment: Command.buildEnvironment(home: "/"), directory: "/",
            output: FileManager.default.temporaryDirectory.path + "/slipway-python-\(UUID().uuidString)",
            timeout: .seconds(10))
        guard let result, result.code == 0, let fields = result.tail.last?.split(separator: "\t"),
            fields.count == 5,
            let major = Int(fields[0]), let minor = Int(fields[1])
        else { return nil }
        let version = PythonVersion(major: major, minor: minor)
        guard TrussConfig.pythonVersions.contains(version) else { return nil }
        return Interpreter(
            version: version, fullVersion: "\(major).\(minor).\(fields[2])", executable: String(fields[4]),
            prefix: String(fields[3]))
    }

    // MARK: Places

    static func onPath(named name: String) -> [String] {
        let path = ProcessInfo.processInfo.environment["PATH"] ?? "/usr/local/bin:/usr/bin:/bin"
        return path.split(separator: ":").map { "\($0)/\(name)" }.filter {
            FileManager.default.isExecutableFile(atPath: $0)
        }
    }

    private static func candidates() -> [String] {
        let minors = TrussConfig.pythonVersions.lowerBound.minor...TrussConfig.pythonVersions.upperBound.minor
        let home = FileManager.default.homeDirectoryForCurrentUser.path
        var paths: [String] = []
        for minor in minors {
            let name = "python3.\(minor)"
            paths += ["/usr/bin/\(name)", "/usr/local/bin/\(name)"].filter(
                FileManager.default.isExecutableFile)
            let versions =
                (try? FileManager.default.contentsOfDirectory(atPath: home + "/.pyenv/versions")) ?? []
            paths += versions.filter { $0.hasPrefix("3.\(minor).") }.sorted().reversed().map {
                "\(home)/.pyenv/versions/\($0)/bin/\(name)"
            }.filter(FileManager.default.isExecutableFile)
            paths += onPath(named: name).filter { !$0.contains("/.pyenv/shims/") }
        }
        return paths + onPath(named: "python3")
    }
}
