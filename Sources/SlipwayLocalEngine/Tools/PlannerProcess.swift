// A running process of the upstream package, the planner say: its sandbox, the two directories that it shares with the server, and the line it answers on.

import Foundation
import SlipwayCore
import SlipwayEngine
import SlipwayTruss
import Synchronization

final class PlannerProcess: Sendable {
    /// What is to be planned, and what the planner makes of it.
    let input: View
    let output: View

    private static let longestAnswer = 80 << 20

    private let configuration: LocalEngineConfiguration
    private let mode: SandboxMode
    private let unit: String
    private let group: ControlGroup?
    private let process: SpawnedProcess
    private let lines: LineSocket
    private let disk = Mutex<DiskWatch.Subject?>(nil)

    /// - Throws: `BuildFailure` when it cannot be started or limited.
    init(
        configuration: LocalEngineConfiguration, sandbox: Sandbox, tools: Tools, views: [View],
        script source: String
    ) throws {
        self.configuration = configuration
        mode = sandbox.isolation.mode
        unit = "\(configuration.root)/planner/\(UUID().uuidString)"
        input = View(source: unit + "/in", target: "/build/in", access: .readOnly)
        output = View(source: unit + "/out", target: "/build/out", access: .writable)
        do {
            for view in [input, output] {
                try FileManager.default.createDirectory(
                    atPath: view.source, withIntermediateDirectories: true,
                    attributes: [.posixPermissions: 0o755])
            }
            if mode == .root { lchown(output.source, configuration.buildUser, configuration.buildUser) }
            group = try sandbox.groups?.make(
                configuration.buildGroupPrefix + "planner-" + UUID().uuidString,
                .planner(disk: configuration.buildDiskLimit))
        } catch {
            Trash(root: configuration.root).discard(unit)
            guard let failure = error as? StartFailure, failure.cause != .machine else { throw error }
            throw BuildFailure(reason: failure.reason)
        }
        do {
            let alone = sandbox.isolation.has(.processes) ? ["alone"] : []
            let script = (mode == .plain ? unit : "") + "/slipway/planner.py"
            let launch = Launch(
                isolation: sandbox.isolation, egress: sandbox.egress(.closed), unit: unit, tree: nil,
                writesToTree: false, command: [tools.python, "-I", script] + alone,
                // Of this plan only: what one plan leaves at home or in /tmp, another would find.
                environment: ["HOME": output.path(mode), "TMPDIR": output.path(mode)],
                workingDirectory: "/", pythonEnvironment: nil, interpreterPrefix: nil,
                user: configuration.buildUser, cgroups: group?.directories ?? [],
                hidden: configuration.hidden, views: views + [input, output])
            try sandbox.prepare(launch, secrets: [:], environmentName: nil)
            try NewFile.write(
                Array(source.utf8), to: unit + "/slipway/planner.py", mode: 0o444)
            // Nothing but its output is for the planner to write to.
            for name in ["tmp", "home"] where mode == .root {
                lchown("\(unit)/\(name)", 0, 0)
                // The tools may lie below it.
                chmod("\(unit)/\(name)", 0o755)
            }
            (process, lines) = try Self.start(launch, configuration.register)
        } catch {
            let (group, unit) = (group, unit)
            Task {
                await group?.remove()
                await Trash.removeAll(unit)
            }
            throw error is BuildFailure || BuildShortage.isShortage(error)
                ? error : BuildFailure(reason: "The planner cannot be started: \(error)")
        }
    }

    private static func start(
        _ launch: Launch, _ register: ProcessRegister
    ) throws -> (SpawnedProcess, LineSocket) {
        var ends: [Int32] = [-1, -1]
        let kind = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        guard socketpair(AF_UNIX, kind, 0, &ends) == 0 else {
            throw SpawnError("No socket for the planner", code: errno)
        }
        defer { close(ends[1]) }
        do {
            let process = try SpawnedProcess.start(
                ["/bin/sh", ReplicaScripts.path(launch)], launch.isolated(), input: ends[1], output: ends[1],
                record: register.note)
            return (process, LineSocket(ends[0], longest: longestAnswer))
        } catch {
            close(ends[0])
            throw error
        }
    }

    var isRunning: Bool { process.isRunning }

    func path(_ view: View) -> String { view.path(mode) }

    // MARK: Asking

    /// - Returns: nil when the process ended or took too long; it is of no use then.
    func ask(_ request: Data, timeout: Duration) async -> Data? {
        let line = Array(request) + [UInt8(ascii: "\n")]
        // A request is short: it fits into the socket.
        guard lines.send(line) else { return nil }
        return await answer(timeout: timeout)
    }

    func answer(timeout: Duration) async -> Data? {
        let watchdog = Task { [process] in
            try await Task.sleep(for: timeout)
            process.signal(SIGKILL)
        }
        defer { watchdog.cancel() }
        return await lines.next()
    }

    // MARK: The disk

    func limitDisk(_ limit: DiskLimit) {
        let (process, group) = (process, group)
        let subject = DiskWatch.shared.watch([output.source], limit) {
            Sandbox.processes(of: process, group)
        } end: {
            process.signal(SIGKILL)
        }
        disk.withLock { $0 = subject }
    }

    var diskReason: String? { disk.withLock { $0?.reason } }

    /// Empties the directories, for the next plan.
    func clear() {
        if let subject = disk.withLock({ $0.take() }) { DiskWatch.shared.forget(subject) }
        for view in [input, output] {
            for name in (try? FileManager.default.contentsOfDirectory(atPath: view.source)) ?? [] {
                Trash(root: configuration.root).take("\(view.source)/\(name)")
            }
        }
        Trash(root: configuration.root).empty()
    }

    /// Returns when it is gone; what it made is still there.
    func end() async {
        process.signal(SIGKILL)
        while process.reap() == nil, process.isRunning { try? await Task.sleep(for: .milliseconds(5)) }
        _ = process.reap()
        await group?.remove()
        configuration.register.forget(process)
        lines.end()
    }

    func remove() { Trash(root: configuration.root).discard(unit) }
}
