// Runs one command of a build to its end: output line by line, killed with all it started when cancelled.

import Foundation
import Synchronization

struct CommandResult: Sendable {
    var code: Int32
    /// The last lines of its output.
    var tail: [String]
    /// What is known of its end besides its code, as a sentence with a blank after it.
    var note: String?

    /// What ended it when it did not end by itself; empty when it did.
    var force: String {
        if let note { return note }
        return switch code {
        case 128 + SIGKILL: "Ended by force, as the kernel does when memory runs out. "
        case 129...(128 + 64): "Ended by signal \(code - 128). "
        default: ""
        }
    }
}

enum Command {
    private static let keptLines = 40
    private static let pollInterval: Duration = .milliseconds(20)

    /// - Parameters:
    ///   - output: file for its output; removed afterwards.
    ///   - register: notes the command while it runs; for all that may outlive a killed server.
    /// - Throws: `SpawnError`, or `CancellationError` after the process group is gone.
    static func run(
        _ arguments: [String], environment: [String: String], directory: String, output: String,
        timeout: Duration? = nil, register: ProcessRegister? = nil,
        line: @Sendable (String) -> Void = { _ in }
    ) async throws -> CommandResult {
        try await run(output: output, timeout: timeout, register: register, line: line) { record in
            if register == nil {
                return try SpawnedProcess.start(
                    arguments, environment: environment, directory: directory, output: output)
            }
            return try SpawnedProcess.start(
                arguments, environment: environment, directory: directory, output: output, record: record)
        }
    }

    /// The same, with every line of the output instead of the last ones: for commands that print little.
    static func runWhole(
        _ arguments: [String], environment: [String: String], directory: String, output: String
    ) async throws -> (code: Int32, lines: [String]) {
        let lines = Mutex<[String]>([])
        let result = try await run(
            arguments, environment: environment, directory: directory, output: output, timeout: .seconds(60)
        ) { line in lines.withLock { $0.append(line) } }
        return (result.code, lines.withLock { $0 })
    }

    /// The same for a process that is started in a way of its own.
    /// - Parameters:
    ///   - output: file that its output goes to.
    ///   - start: gets what keeps the process found; nothing of it runs before.
    static func run(
        output: String, timeout: Duration? = nil, register: ProcessRegister? = nil,
        line: @Sendable (String) -> Void = { _ in },
        start: ((SpawnedProcess) throws -> Void) async throws -> SpawnedProcess
    ) async throws -> CommandResult {
        let process = try await start { try register?.note($0) }
        defer {
            register?.forget(process)
            unlink(output)
        }
        var tail = OutputTail(path: output)
        var kept: [String] = []
        func drain(final: Bool) {
            for text in tail.lines(final: final) {
                kept = kept.suffix(keptLines - 1) + [text]
                line(text)
            }
            let dropped = tail.takeDropped()
            if dropped > 0 { line("\(dropped) bytes of output were dropped: they came too fast.") }
            if tail.canFree { tail.free() }
        }
        let deadline = timeout.map { ContinuousClock.now + $0 }
        while true {
            let code = process.reap()
            drain(final: code != nil)
            if let code { return CommandResult(code: code, tail: kept) }
            let isLate = deadline.map { ContinuousClock.now > $0 } ?? false
            if Task.isCancelled || isLate {
                process.signal(SIGKILL)
                // A cancelled task does not sleep; this one has to be waited for all the same.
                while process.reap() == nil {
                    await Task.detached { try? await Task.sleep(for: .milliseconds(10)) }.value
                }
                if isLate { return CommandResult(code: 128 + SIGKILL, tail: kept) }
                throw CancellationError()
            }
            try? await Task.sleep(for: pollInterval)
        }
    }

    /// What commands of the server's own see of its environment: where to find programs and package indexes, never
    /// keys.
    static func buildEnvironment(home: String) -> [String: String] {
        var environment = buildEnvironment()
        environment["PATH"] =
            ProcessInfo.processInfo.environment["PATH"] ?? "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin"
        environment["HOME"] = home
        return environment
    }

    /// The same for sandboxed ones, which have a home and a search path of their own.
    static func buildEnvironment() -> [String: String] {
        let own = ProcessInfo.processInfo.environment
        var environment = own.filter { settings.contains($0.key) || fileSettings.contains($0.key) }
        environment["NO_COLOR"] = "1"
        return environment
    }

    /// Files and directories that the environment names, for sandboxed commands to see.
    static func settingsFiles() -> [View] {
        fileSettings.compactMap { ProcessInfo.processInfo.environment[$0] }.filter {
            $0.hasPrefix("/") && FileManager.default.fileExists(atPath: $0)
        }.map { .same($0) }
    }

    private static let settings: Set<String> = [
        "LANG", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy",
        "PIP_INDEX_URL",
        "PIP_EXTRA_INDEX_URL", "PIP_TRUSTED_HOST", "UV_INDEX_URL", "UV_DEFAULT_INDEX", "UV_EXTRA_INDEX_URL",
        "UV_INDEX", "UV_OFFLINE", "UV_NATIVE_TLS", "UV_INSECURE_HOST",
    ]
    private static let fileSettings: Set<String> = [
        "SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "PIP_CERT", "PIP_CONFIG_FILE",
        "UV_CONFIG_FILE",
    ]
}
