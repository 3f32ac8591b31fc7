// Keeps one process of the upstream package warm: importing it costs seconds, an answer milliseconds. It reads what was
// pushed, so it is sandboxed, without network; it is given one thing at a time and nothing else.

import Foundation
import SlipwayCore
import SlipwayEngine
import SlipwayTruss

actor WarmProcess {
    /// The longest time from the start of the process to its first line.
    private static let startTimeout: Duration = .seconds(120)

    private let configuration: LocalEngineConfiguration
    private let script: String
    private var worker: PlannerProcess?
    private var isStopped = false
    private var busy = false
    private var waiting: [CheckedContinuation<Void, Never>] = []

    /// - Parameter script: Python that prints `PlannerScript.ready`, then answers lines.
    init(configuration: LocalEngineConfiguration, script: String) {
        self.configuration = configuration
        self.script = script
    }

    /// What a use throws when the process is of no more use.
    struct Useless: Error {
        var reason: any Error
    }

    /// Runs `body` while no one else uses the process; its directories are emptied afterwards.
    /// - Parameter body: throws `Useless` to have the process ended.
    /// - Throws: what `body` throws, without `Useless` around it.
    func use<Result: Sendable>(
        tools: Tools, sandbox: Sandbox, _ body: @Sendable (PlannerProcess) async throws -> Result
    ) async throws -> Result {
        await acquire()
        defer { release() }
        let worker = try await ready(tools, sandbox)
        do {
            let result = try await body(worker)
            // Without a process namespace, something that was started could still run.
            if !sandbox.isolation.has(.processes) { await end() } else { worker.clear() }
            return result
        } catch let useless as Useless {
            let cause = BuildShortage.cause(of: useless.reason, root: configuration.root)
            await end()
            throw cause
        } catch {
            let cause = BuildShortage.cause(of: error, root: configuration.root)
            worker.clear()
            throw cause
        }
    }

    /// Starts the process ahead of its first use.
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

    // MARK: One use at a time

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
            tools: tools, views: views, script: script)
        worker = started
        // Anything else is what the shell or Python says of their failure.
        guard await started.answer(timeout: Self.startTimeout) == Data(PlannerScript.ready.utf8), !isStopped
        else {
            await end()
            throw BuildFailure(
                reason: "The planner did not start; the truss package of the build tools may be damaged.")
        }
        return started
    }
}
