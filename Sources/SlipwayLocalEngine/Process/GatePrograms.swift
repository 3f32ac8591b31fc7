// Programs of the operator that promotions are gated by: run by name from one directory, never by path.

import Foundation

public struct GatePrograms: Sendable {
    private let directory: String
    private let work: String

    /// - Parameters:
    ///   - directory: where the programs are.
    ///   - work: a directory for output while one runs; `clear` makes it.
    public init(directory: String, work: String) {
        self.directory = directory
        self.work = work
    }

    private static func register(_ work: String) -> ProcessRegister {
        ProcessRegister(path: work + "/processes")
    }

    /// Ends the programs that a killed server left, and empties its work directory. Before anything uses it.
    /// - Throws: when the directory cannot be made.
    public static func clear(work: String) async throws {
        await register(work).endAll()
        try? FileManager.default.removeItem(atPath: work)
        try FileManager.default.createDirectory(
            atPath: work, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
    }

    /// Runs a program to its end; past the time limit it is killed with all it started.
    /// - Returns: its exit code.
    /// - Throws: `GateFailure` when there is no such program, or what the system says when it cannot start.
    public func run(
        _ name: String, environment: [String: String], timeout: Duration,
        line: @escaping @Sendable (String) -> Void
    ) async throws -> Int32 {
        let path = "\(directory)/\(name)"
        guard !name.contains("/"), FileManager.default.isExecutableFile(atPath: path) else {
            throw GateFailure(description: "there is no executable program \(name) in the gate directory.")
        }
        let own = ["PATH": ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin"]
        return try await Command.run(
            [path], environment: environment.merging(own) { given, _ in given }, directory: directory,
            output: "\(work)/\(UUID().uuidString).log", timeout: timeout,
            register: Self.register(work), line: line
        ).code
    }
}

/// Why a gate could not be asked.
public struct GateFailure: Error, CustomStringConvertible {
    public let description: String
}
