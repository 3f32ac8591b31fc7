// Keeps one process of the upstream planner warm: importing the package costs seconds, a plan milliseconds. It reads
// what was pushed, so it is sandboxed, without network; it is given one Truss at a time and nothing else.

import Foundation
import SlipwayCore
import SlipwayEngine
import SlipwayTruss

actor Planner {
    /// Longest time for one plan; it only copies files and renders templates.
    private static let timeout: Duration = .seconds(120)

    private let configuration: LocalEngineConfiguration
    private var worker: PlannerProcess?
    private var isStopped = false
    private var busy = false
    private var waiting: [CheckedContinuation<Void, Never>] = []

    private struct Answer: Decodable {
        var ok: Bool
        var error: String?
        var hash: String?
        var signature: String?
    }

    init(configuration: LocalEngineConfiguration) { self.configuration = configuration }

    /// Unpacks a Truss for the planner and writes its build context to `context`, which is made.
    /// - Parameters:
    ///   - unpack: gets the directory that the Truss goes to.
    ///   - sign: asks for the Truss's signature too.
    /// - Returns: what `unpack` returned, and the signature.
    /// - Throws: `BuildFailure` with the planner's own words.
    func plan<Config: Sendable>(
        context: String, sign: Bool, tools: Tools, sandbox: Sandbox,
        unpack: @escaping @Sendable (String) throws -> Config
    ) async throws -> (Config, SourceSignature?) {
        await acquire()
        defer { release() }
        let worker = try await ready(tools, sandbox)
        defer { if self.worker === worker { worker.clear() } else { worker.remove() } }
        let truss = worker.input.source + "/truss"
        let config = try await Blocking.run { try unpack(truss) }
        let request = try JSONSerialization.data(
            withJSONObject: [
                "truss_dir": worker.path(worker.input) + "/truss",
                "context_dir": worker.path(worker.output) + "/context", "sign": sign,
            ] as [String: Any])
        worker.limitDisk(try await limit(for: truss))
        guard let line = await worker.ask(request, timeout: Self.timeout),
            let answer = try? JSONDecoder().decode(Answer.self, from: line)
        else {
            let reason = worker.diskReason
            await end()
            throw BuildFailure(reason: reason ?? "The planner gave no answer.")
        }
        if !sandbox.isolation.has(.processes) {
            // Something of the Truss could still run.
            self.worker = nil
            await worker.end()
        }
        guard answer.ok else {
            throw BuildFailure(reason: "The Truss cannot be planned: \(answer.error ?? "no reason given")")
        }
        guard rename(worker.output.source + "/context", context) == 0 else {
            throw BuildFailure(reason: "The planner left no plan.")
        }
        guard let hash = answer.hash, let signature = answer.signature else { return (config, nil) }
        return (config, SourceSignature(hash: hash, signature: signature))
    }

    /// The planner copies the Truss twice; what it makes besides is what is limited.
    private func limit(for truss: String) async throws -> DiskLimit {
        try await Blocking.run { [limit = configuration.buildDiskLimit] in
            let usage = DiskUsage.of(truss)
            return limit.adding(usage).adding(usage)
        }
    }

    /// Starts the process ahead of the first plan.
    func warm(tools: Tools, sandbox: Sandbox) async {
        await acquire()
        defer { release() }
        _ = try? await ready(tools, sandbox)
    }

    /// Returns when the process is gone.
    func stop() async {
        isStopped = true
        await end()
    }

    private func end() async {
        guard let ended = worker else { return }
        worker = nil
        await ended.end()
        ended.remove()
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

    private func ready(_ tools: Tools, _ sandbox: Sandbox) async throws -> PlannerProcess {
        if let worker, worker.isRunning { return worker }
        await end()
        if isStopped { throw CancellationError() }
        let views = try await tools.plannerViews(work: configuration.root + "/work")
        let started = try PlannerProcess(
            configuration: configuration, sandbox: Wall.plannerSandbox.isRemoved ? sandbox.unwalled : sandbox,
            tools: tools, views: views)
        worker = started
        // Anything else is what the shell or Python says of their failure.
        guard await started.answer(timeout: Self.timeout) == Data(PlannerScript.ready.utf8), !isStopped else {
            await end()
            throw BuildFailure(
                reason: "The planner did not start; the truss package of the build tools may be damaged.")
        }
        return started
    }
}
