// Prepares unit directories and starts processes in them. Replicas, the planner and every step of a build share it.

import Foundation
import SlipwayCore
import SlipwayEngine
import SlipwayTruss
import Synchronization

struct Sandbox: Sendable {
    let configuration: LocalEngineConfiguration
    var isolation: Isolation
    /// For steps of builds; nil for none.
    var groups: ControlGroups?
    /// For steps of builds that need the network; nil where they have the machine's.
    var wayOut: WayOut?

    private var mode: SandboxMode { isolation.mode }

    /// The stricter one of what is wanted and what there is.
    func egress(_ wanted: Egress) -> Egress { isolation.has(.network) ? wanted : .open }

    /// Without any wall, for tests that show what then happens.
    var unwalled: Sandbox {
        var sandbox = self
        sandbox.isolation = Isolation(mode: .plain, parts: [])
        return sandbox
    }

    /// Makes the directories and scripts of a unit.
    func prepare(_ launch: Launch, secrets: [String: String], environmentName: String?) throws {
        let files = FileManager.default
        for name in ReplicaScripts.unitDirectories {
            try files.createDirectory(atPath: launch.unit + "/" + name, withIntermediateDirectories: true)
        }
        var launch = launch
        if mode == .plain {
            if !launch.writesToTree, let tree = launch.tree {
                try files.copyItem(atPath: tree, toPath: launch.unit + "/tree")
            }
            for (name, value) in secrets { launch.environment["TRUSS_SECRET_" + name] = value }
        }
        for (name, value) in secrets {
            try write(value, to: launch.unit + "/secrets/" + name, mode: 0o400)
        }
        if let resolver = launch.resolver { try write(resolver: resolver, in: launch.unit) }
        try EnvironmentFile(unit: launch.unit).write(environmentName)
        try write(ReplicaScripts.boot, to: launch.unit + "/slipway/boot.py", mode: 0o444)
        try write(ReplicaScripts.start(launch), to: launch.unit + "/slipway/start.sh", mode: 0o400)
        for name in ["tmp", "home", "secrets"] { own(launch.unit + "/" + name, mode: 0o700, launch.user) }
        for name in secrets.keys { own(launch.unit + "/secrets/" + name, mode: 0o400, launch.user) }
        own(launch.unit + "/slipway/start.sh", mode: 0o400, launch.user)
    }

    /// Starts the prepared unit; output goes to its `output.log`.
    /// - Parameter record: keeps what finds the process again; nothing of the unit runs before.
    func start(_ launch: Launch, record: (SpawnedProcess) throws -> Void) throws -> SpawnedProcess {
        let waiting = try begin(launch, record: record)
        try waiting.open()
        return waiting.process
    }

    /// The same, up to the gate.
    func begin(_ launch: Launch, record: (SpawnedProcess) throws -> Void) throws -> GatedProcess {
        try SpawnedProcess.begin(
            ["/bin/sh", ReplicaScripts.path(launch)], launch.isolated(), output: launch.unit + "/output.log",
            record: record)
    }

    /// Runs one step of a build to its end, and removes its unit.
    /// - Parameter watched: directories that it writes to, besides those of its unit.
    /// - Throws: `BuildFailure` when it cannot be kept within its limits.
    func run(
        _ launch: Launch, limits: SandboxLimits, watched: [String], secrets: [String: String] = [:],
        line: @escaping @Sendable (String) -> Void
    ) async throws -> CommandResult {
        var launch = launch
        let unit = launch.unit
        defer { Trash(root: configuration.root).discard(unit) }
        let network = try await network(for: launch)
        launch.isNetworked = network != nil
        launch.resolver = network?.resolver
        let group: ControlGroup?
        do {
            group = try groups?.make(configuration.buildGroupPrefix + UUID().uuidString, limits)
        } catch {
            if error.cause == .machine { throw error }
            throw BuildFailure(reason: error.reason)
        }
        launch.cgroups = group?.directories ?? []
        do {
            try prepare(launch, secrets: secrets, environmentName: nil)
        } catch {
            await group?.remove()
            throw error
        }
        let started = ContinuousClock.now
        let subject = Mutex<DiskWatch.Subject?>(nil)
        defer { if let subject = subject.withLock({ $0 }) { DiskWatch.shared.forget(subject) } }
        do {
            var result = try await Command.run(
                output: unit + "/output.log", timeout: limits.time, register: configuration.register,
                line: line
            ) { record in
                let process = try await start(launch, network, record: record)
                subject.withLock {
                    $0 = DiskWatch.shared.watch([unit] + watched, limits.disk) {
                        Self.processes(of: process, group)
                    } end: {
                        process.signal(SIGKILL)
                    }
                }
                return process
            }
            let isLate = limits.time.map { ContinuousClock.now - started > $0 } ?? false
            if let reason = subject.withLock({ $0?.reason }) {
                result.note = reason + " "
            } else if result.code != 0, (group?.shortages ?? 0) > 0 {
                result.note = "Out of memory: a build may take \(limits.memoryMiB) MiB. "
            } else if isLate, let time = limits.time {
                result.note = "Out of time: a step of a build may take \(time). "
            }
            await network?.close()
            await group?.remove()
            return result
        } catch {
            await network?.close()
            await group?.remove()
            throw error
        }
    }

    /// - Returns: nil for one without a way out, or with the machine's network.
    private func network(for launch: Launch) async throws -> BuildNetwork? {
        guard let wayOut, isolation.has(.network), launch.egress == .open, !Wall.buildNetwork.isRemoved
        else { return nil }
        return try await BuildNetwork(wayOut, register: configuration.register)
    }

    private func start(
        _ launch: Launch, _ network: BuildNetwork?, record: (SpawnedProcess) throws -> Void
    ) async throws -> SpawnedProcess {
        let waiting = try begin(launch, record: record)
        do {
            try await network?.open(waiting.process, unit: launch.unit)
        } catch {
            waiting.discard()
            configuration.register.forget(waiting.process)
            throw error
        }
        try waiting.open()
        return waiting.process
    }

    /// What belongs to a sandboxed process: by its control group, else by its process namespace.
    static func processes(of process: SpawnedProcess, _ group: ControlGroup?) -> [Int32] {
        if let group, !group.directories.isEmpty { return group.processes }
        let files = FileManager.default
        func namespace(_ pid: String) -> String? {
            try? files.destinationOfSymbolicLink(atPath: "/proc/\(pid)/ns/pid")
        }
        guard let own = namespace("\(process.pid)"), own != namespace("self") else { return [] }
        let names = (try? files.contentsOfDirectory(atPath: "/proc")) ?? []
        return names.filter { namespace($0) == own }.compactMap { Int32($0) }
    }

    /// Puts the replica's /etc/resolv.conf among its own changes of /etc.
    private func write(resolver: String, in unit: String) throws {
        let directory = unit + "/layers/etc-up"
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        try write(resolver, to: directory + "/resolv.conf", mode: 0o444)
    }

    private func write(_ text: String, to path: String, mode: mode_t) throws {
        try NewFile.write(Array(text.utf8), to: path, mode: mode)
    }

    private func own(_ path: String, mode: mode_t, _ user: UInt32) {
        chmod(path, mode)
        if self.mode == .root { lchown(path, user, user) }
    }
}
