// Prepares unit directories and starts processes in them; replicas and build commands share it.

import Foundation

struct Sandbox: Sendable {
    let configuration: LocalEngineConfiguration
    let isolation: Isolation

    private var mode: SandboxMode { isolation.mode }

    /// Makes the directories and scripts of a unit.
    func prepare(_ launch: Launch, secrets: [String: String], environmentName: String?) throws {
        let files = FileManager.default
        for name in ReplicaScripts.unitDirectories {
            try files.createDirectory(atPath: launch.unit + "/" + name, withIntermediateDirectories: true)
        }
        var launch = launch
        if mode == .plain {
            if !launch.writesToTree { try files.copyItem(atPath: launch.tree, toPath: launch.unit + "/tree") }
            for (name, value) in secrets { launch.environment["TRUSS_SECRET_" + name] = value }
        }
        for (name, value) in secrets {
            try write(value, to: launch.unit + "/secrets/" + name, mode: 0o400)
        }
        if let servers = launch.nameServers { try write(servers, in: launch.unit) }
        try EnvironmentFile(unit: launch.unit).write(environmentName)
        try write(ReplicaScripts.boot, to: launch.unit + "/slipway/boot.py", mode: 0o444)
        try write(ReplicaScripts.start(launch), to: launch.unit + "/slipway/start.sh", mode: 0o400)
        for name in ["tmp", "home", "secrets"] { own(launch.unit + "/" + name, mode: 0o700) }
        for name in secrets.keys { own(launch.unit + "/secrets/" + name, mode: 0o400) }
        own(launch.unit + "/slipway/start.sh", mode: 0o400)
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

    /// Runs one command of a build inside an image's tree, to its end.
    func run(
        _ command: [String], image: ImageRecord, tree: String, work: String,
        line: @escaping @Sendable (String) -> Void
    ) async throws -> CommandResult {
        let launch = Launch(
            isolation: isolation, egress: .open, unit: work + "/command", tree: tree, writesToTree: true,
            command: command,
            environment: image.environment, workingDirectory: image.workingDirectory,
            pythonEnvironment: image.pythonEnvironment, interpreterPrefix: image.interpreterPrefix,
            user: configuration.replicaUser, cgroups: [], hidden: configuration.hidden)
        defer { Trash.remove(launch.unit) }
        try prepare(launch, secrets: [:], environmentName: nil)
        return try await Command.run(
            output: launch.unit + "/output.log", register: configuration.register, line: line
        ) {
            try start(launch, record: $0)
        }
    }

    /// Puts the replica's /etc/resolv.conf among its own changes of /etc.
    private func write(_ nameServers: [String], in unit: String) throws {
        let directory = unit + "/layers/etc-up"
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        try write(NameServers.configuration(nameServers), to: directory + "/resolv.conf", mode: 0o444)
    }

    private func write(_ text: String, to path: String, mode: mode_t) throws {
        try NewFile.write(Array(text.utf8), to: path, mode: mode)
    }

    private func own(_ path: String, mode: mode_t) {
        chmod(path, mode)
        if self.mode == .root { lchown(path, configuration.replicaUser, configuration.replicaUser) }
    }
}
