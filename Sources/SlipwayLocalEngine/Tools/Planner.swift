// Keeps one process of the upstream planner warm: importing the package costs seconds, a plan milliseconds.

import Foundation
import SlipwayEngine
import SlipwayTruss

actor Planner {
    /// Longest time for one plan; it only copies files and renders templates.
    private static let patience: Duration = .seconds(120)

    private let configuration: LocalEngineConfiguration
    private var worker: Worker?
    /// Of the worker, also while it starts, and its note. It ends with its standard input, so with its server, but
    /// not at once while it still starts.
    private var child: (process: Process, note: SpawnedProcess)?
    private var isStopped = false
    private var busy = false
    private var waiting: [CheckedContinuation<Void, Never>] = []

    private struct Worker {
        var process: Process
        var input: FileHandle
        var answers: AsyncStream<Data>.AsyncIterator
    }

    init(configuration: LocalEngineConfiguration) { self.configuration = configuration }

    /// Writes the build context of the Truss in `truss` to `context`, which is made.
    /// - Parameter sign: asks for the Truss's signature too.
    /// - Throws: `BuildFailure` with the planner's own words.
    @discardableResult
    func plan(truss: String, context: String, sign: Bool, tools: Tools) async throws -> SourceSignature? {
        await acquire()
        defer { release() }
        var worker = try await ready(tools)
        let request = try JSONSerialization.data(
            withJSONObject: ["truss_dir": truss, "context_dir": context, "sign": sign] as [String: Any])
        struct Answer: Decodable {
            var ok: Bool
            var error: String?
            var hash: String?
            var signature: String?
        }
        do {
            try worker.input.write(contentsOf: request + Data("\n".utf8))
        } catch {
            self.worker = nil
            throw BuildFailure(reason: "The planner ended unexpectedly.")
        }
        guard let line = await answer(&worker),
            let answer = try? JSONDecoder().decode(Answer.self, from: line)
        else {
            endChild()
            self.worker = nil
            throw BuildFailure(reason: "The planner gave no answer.")
        }
        self.worker = worker
        guard answer.ok else {
            throw BuildFailure(reason: "The Truss cannot be planned: \(answer.error ?? "no reason given")")
        }
        guard let hash = answer.hash, let signature = answer.signature else { return nil }
        return SourceSignature(hash: hash, signature: signature)
    }

    /// Starts the process ahead of the first plan.
    func warm(tools: Tools) async {
        await acquire()
        defer { release() }
        _ = try? await ready(tools)
    }

    /// Returns when the process is gone.
    func stop() async {
        isStopped = true
        try? worker?.input.close()
        worker = nil
        let process = child?.process
        endChild()
        while process?.isRunning == true { try? await Task.sleep(for: .milliseconds(5)) }
    }

    private func endChild() {
        guard let (process, note) = child else { return }
        child = nil
        if process.isRunning { kill(process.processIdentifier, SIGKILL) }
        configuration.register.forget(note)
    }

    // MARK: One plan at a time

    private func acquire() async {
        if !busy {
            busy = true
            return
        }
        await withCheckedContinuation { waiting.append($0) }
    }

    private func release() {
        if waiting.isEmpty { busy = false } else { waiting.removeFirst().resume() }
    }

    // MARK: The process

    private func ready(_ tools: Tools) async throws -> Worker {
        if let worker, worker.process.isRunning { return worker }
        if isStopped { throw CancellationError() }
        endChild()
        let script = configuration.root + "/planner.py"
        try PlannerScript.source.write(toFile: script, atomically: true, encoding: .utf8)
        let process = Process()
        process.executableURL = URL(fileURLWithPath: tools.python)
        process.arguments = ["-I", script]
        process.environment = Command.buildEnvironment(home: configuration.root)
        let (input, output) = (Pipe(), Pipe())
        process.standardInput = input
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        do {
            try process.run()
        } catch {
            throw BuildFailure(reason: "The planner cannot be started: \(error.localizedDescription)")
        }
        let pid = process.processIdentifier
        guard let startTime = SpawnedProcess.startTime(of: pid) else {
            process.terminate()
            throw BuildFailure(reason: "The planner ended at once, or cannot be looked at.")
        }
        let note = SpawnedProcess(pid: pid, startTime: startTime)
        child = (process, note)
        try configuration.register.note(note)
        var worker = Worker(
            process: process, input: input.fileHandleForWriting,
            answers: Self.lines(of: output.fileHandleForReading).makeAsyncIterator())
        guard await answer(&worker) != nil else {
            endChild()
            throw BuildFailure(
                reason: "The planner did not start; the truss package in \(tools.python) may be damaged.")
        }
        self.worker = worker
        return worker
    }

    /// The next line; nil when the process ended or took too long.
    private func answer(_ worker: inout Worker) async -> Data? {
        let process = worker.process
        let watchdog = Task {
            try await Task.sleep(for: Self.patience)
            process.terminate()
        }
        defer { watchdog.cancel() }
        return await worker.answers.next(isolation: self)
    }

    private static func lines(of handle: FileHandle) -> AsyncStream<Data> {
        AsyncStream { continuation in
            let thread = Thread {
                var buffer = Data()
                while true {
                    let chunk = handle.availableData
                    if chunk.isEmpty { break }
                    buffer += chunk
                    while let newline = buffer.firstIndex(of: UInt8(ascii: "\n")) {
                        continuation.yield(Data(buffer[..<newline]))
                        buffer = Data(buffer[buffer.index(after: newline)...])
                    }
                }
                continuation.finish()
            }
            thread.start()
        }
    }
}
