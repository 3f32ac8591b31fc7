// Programs of the operator that promotions are gated by: run by name from one directory, never by path.

import Foundation

public struct GatePrograms: Sendable {
    private let directory: String
    private let work: String

    /// - Parameters:
    ///   - directory: where the programs are.
    ///   - work: a directory for output while one runs; made when needed.
    public init(directory: String, work: String) {
        self.directory = directory
        self.work = work
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
        try FileManager.default.createDirectory(atPath: work, withIntermediateDirectories: true)
        let own = ["PATH": ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin"]
        return try await Command.run(
            [path], environment: environment.merging(own) { given, _ in given }, directory: directory,
            output: "\(work)/\(UUID().uuidString).log", timeout: timeout, line: line
        ).code
    }
}

/// Why a gate could not be asked.
public struct GateFailure: Error, CustomStringConvertible {
    public let description: String
}
