// What is on disk of a running replica, so that the next server process finds it again.

import Foundation
import SlipwayCore
import SlipwaySockets
import SlipwayTruss

struct ReplicaRecord: Codable, Sendable {
    var replicaID: ReplicaID
    var deploymentID: DeploymentID
    var imageID: ImageID
    var process: SpawnedProcess
    /// The kernel's id of this boot: pids of another boot mean nothing.
    var bootID: String
    var port: Int
    var readinessPath: String
    var startedAt: Timestamp
    var controlGroup: ControlGroup?
    var reservation: Reservation?
    /// nil is open, as all were once.
    var egress: Egress?
    /// Kept as long as it runs, also when its image is gone.
    var pythonEnvironment: String?
    /// Whether it has a network namespace; nil for replicas of versions that gave one only without egress.
    var hasNetwork: Bool?
    /// The process that carries what it sends out of its network, where there is one.
    var helper: SpawnedProcess?
    /// The only addresses outside that it may reach; nil without a restriction.
    var allowedAddresses: [AddressRange]?
    /// When it counts as unhealthy, and is restarted.
    var healthChecks: HealthChecks?
    /// Its files were changed, and nothing says that its process took them.
    var isMixed: Bool?
    /// Where it is asked whether it lives, for restarts; nil asks for its readiness.
    var livenessPath: String?

    static var currentBootID: String {
        ((try? String(contentsOfFile: "/proc/sys/kernel/random/boot_id", encoding: .utf8)) ?? "")
            .trimmingCharacters(in: .whitespacesAndNewlines)
    }
}

extension ReplicaRecord {
    var ownsNetwork: Bool { hasNetwork ?? (egress == .closed) }

    /// The network it listens in; nil for this machine's.
    var network: NetworkNamespace? {
        ownsNetwork ? .of(pid: process.pid, startTime: process.startTime) : nil
    }

    /// Where only the replica can answer.
    private var isReachedInside: Bool { ownsNetwork && !Wall.upstreamInside.isRemoved }

    /// Whether it reaches what is outside of this machine.
    var hasWayOut: Bool { hasNetwork == true && egress != .closed }

    /// Once the replica has ended.
    func endHelper() async {
        guard let helper else { return }
        helper.signal(SIGKILL)
        while helper.exitCode == nil { try? await Task.sleep(for: .milliseconds(2)) }
    }

    /// For others than this engine.
    var endpoint: ReplicaEndpoint {
        isReachedInside
            ? ReplicaEndpoint(
                port: port, inNetworkOf: NetworkOwner(pid: process.pid, startTime: process.startTime))
            : ReplicaEndpoint(host: "127.0.0.1", port: port)
    }

    /// For a connection from this engine.
    var address: SlipwaySockets.Endpoint {
        guard isReachedInside, let network else { return .internet(address: "127.0.0.1", port: port) }
        return .inside(network, port: port)
    }
}

/// The directory of one replica.
struct UnitDirectory: Sendable {
    let path: String

    init(root: String, id: ReplicaID) {
        path = root + "/replicas/" + id.text.filter { $0.isASCII && ($0.isLetter || $0.isNumber) }
    }

    var output: String { path + "/output.log" }
    private var recordPath: String { path + "/replica.json" }
    private var offsetPath: String { path + "/offset" }

    func make() throws {
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    func write(_ record: ReplicaRecord) throws {
        try JSONEncoder().encode(record).write(to: URL(fileURLWithPath: recordPath), options: .atomic)
    }

    func record() -> ReplicaRecord? {
        FileManager.default.contents(atPath: recordPath).flatMap {
            try? JSONDecoder().decode(ReplicaRecord.self, from: $0)
        }
    }

    /// How much of the output has been read.
    var offset: Int64 {
        (try? String(contentsOfFile: offsetPath, encoding: .utf8)).flatMap { Int64($0) } ?? 0
    }

    func write(offset: Int64) {
        try? "\(offset)".write(toFile: offsetPath, atomically: true, encoding: .utf8)
    }

    /// Returns when nothing of it is left, its secrets neither.
    func remove() async { await Trash.removeAll(path) }
}
