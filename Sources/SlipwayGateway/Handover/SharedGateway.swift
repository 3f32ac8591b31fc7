// The gateway of this process together with the one of the process before it, as long as that has requests left: both
// get every table, and the controller sees the load of both as one.

import SlipwayCore
import Synchronization

/// What a gateway that leaves tells the controller of its successor, some times a second.
public struct LeavingReport: Sendable, Codable {
    /// The number of the newest table it works by; 0 for its own last one.
    public var table = 0
    /// Load since it began to leave.
    public var loads: [DeploymentID: DeploymentLoad] = [:]
    /// Requests in flight by replica.
    public var busyReplicas: [ReplicaID: Int] = [:]
    /// Predictions that have ended since the last report.
    public var traffic: [DeploymentID: Traffic] = [:]

    public init() {}

    /// What counts since the start of the process becomes what counts since `begin`.
    public static func since(
        _ begin: [DeploymentID: DeploymentLoad], _ now: [DeploymentID: DeploymentLoad]
    ) -> [DeploymentID: DeploymentLoad] {
        now.reduce(into: [:]) { loads, entry in
            var load = entry.value
            if let before = begin[entry.key] {
                load.requestSeconds -= before.requestSeconds
                load.tokenSeconds -= before.tokenSeconds
                load.answered -= before.answered
                load.failed -= before.failed
            }
            loads[entry.key] = load
        }
    }
}

/// Safe to use from any thread, as every `GatewayControl` is.
public final class SharedGateway: GatewayControl, Sendable {
    private let local: any GatewayControl
    private let leaving = Mutex<Leaving?>(nil)

    private struct Leaving {
        var publish: @Sendable (_ table: RoutingTable, _ number: Int) -> Void
        var tables = 0
        var report = LeavingReport()
        var untaken: [DeploymentID: Traffic] = [:]

        mutating func end() {
            publish = { _, _ in }
            report.table = .max
            report.busyReplicas = [:]
            report.loads = report.loads.mapValues { load in
                var load = load
                (load.inFlight, load.parked, load.tokens) = (0, 0, 0)
                return load
            }
        }
    }

    public init(local: any GatewayControl) { self.local = local }

    /// From now on `publish` gets every table, numbered from 1; it must not block.
    public func add(publish: @escaping @Sendable (_ table: RoutingTable, _ number: Int) -> Void) {
        leaving.withLock { $0 = Leaving(publish: publish) }
    }

    public func received(_ report: LeavingReport) {
        leaving.withLock { leaving in
            leaving?.report = report
            for (id, traffic) in report.traffic { leaving?.untaken[id, default: Traffic()] += traffic }
        }
    }

    /// The other process has ended. What it has counted stays in the sums, which must not fall.
    public func left() {
        leaving.withLock { $0?.end() }
    }

    // MARK: GatewayControl

    public func publish(_ table: RoutingTable) {
        local.publish(table)
        leaving.withLock { leaving in
            leaving?.tables += 1
            if let leaving { leaving.publish(table, leaving.tables) }
        }
    }

    public func load(of deployments: Set<DeploymentID>) -> [DeploymentID: DeploymentLoad] {
        let other = leaving.withLock { $0?.report.loads } ?? [:]
        let mine = local.load(of: deployments)
        if other.isEmpty { return mine }
        return mine.merging(other.filter { deployments.contains($0.key) }) { $0 + $1 }
    }

    public var waiting: Set<DeploymentID> {
        let other = leaving.withLock { $0?.report.loads } ?? [:]
        return local.waiting.union(other.filter { $0.value.parked > 0 }.keys)
    }

    public func takeTraffic() -> [DeploymentID: Traffic] {
        let other = leaving.withLock { leaving in
            defer { leaving?.untaken = [:] }
            return leaving?.untaken ?? [:]
        }
        return local.takeTraffic().merging(other) { one, other in
            var sum = one
            sum += other
            return sum
        }
    }

    public func inFlight(replica: ReplicaID) -> Int {
        local.inFlight(replica: replica)
            + leaving.withLock { leaving in
                guard let leaving else { return 0 }
                // Until it has taken the newest table it may still send requests to a replica that is not in it.
                let isCurrent = leaving.report.table >= leaving.tables
                return (leaving.report.busyReplicas[replica] ?? 0) + (isCurrent ? 0 : 1)
            }
    }
}

extension DeploymentLoad {
    fileprivate static func + (one: Self, other: Self) -> Self {
        DeploymentLoad(
            inFlight: one.inFlight + other.inFlight, parked: one.parked + other.parked,
            lastActivity: [one.lastActivity, other.lastActivity].compactMap(\.self).max(),
            requestSeconds: one.requestSeconds + other.requestSeconds, tokens: one.tokens + other.tokens,
            tokenSeconds: one.tokenSeconds + other.tokenSeconds,
            answered: one.answered + other.answered, failed: one.failed + other.failed)
    }
}
