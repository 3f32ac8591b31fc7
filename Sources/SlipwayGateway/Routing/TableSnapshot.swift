// The current routing table: written by the controller, read by every event loop.

import SlipwayCore
import SlipwaySockets
import Synchronization

/// One published table with what the loops need to know about its replicas.
final class TableSnapshot: Sendable {
    let table: RoutingTable
    /// Deployments that have replicas.
    let served: [DeploymentID: ServedDeployment]

    /// - Parameter last: the table before; what has not changed is taken over.
    init(_ table: RoutingTable, loads: ReplicaLoads, after last: TableSnapshot? = nil) {
        self.table = table
        let routes = table.served.compactMap { table.deployments[$0] }
        let known = loads.keep(routes.flatMap { $0.replicas.map(\.replicaID) })
        served = Dictionary(
            uniqueKeysWithValues: routes.map { route in
                let id = route.deploymentID
                if let same = last?.served[id], last?.table.deployments[id] == route { return (id, same) }
                return (id, ServedDeployment(route, loads: known))
            })
    }

    var countingTokens: Set<DeploymentID> { table.countingTokens }
}

/// A deployment with its replicas, as one event loop after the other sees it.
final class ServedDeployment: Sendable {
    struct Replica: Sendable {
        var route: ReplicaRoute
        var endpoint: Endpoint
        var load: ReplicaLoad
    }

    let predictPath: String
    let webSocketPath: String
    let replicas: [Replica]
    /// Requests that one replica gets at once.
    let limit: Int
    /// Whether replicas are chosen by their tokens.
    let countsTokens: Bool
    /// Answered to every request, for deployments that are not open.
    let refusal: PlatformError?

    init(_ route: DeploymentRoute, loads: [ReplicaID: ReplicaLoad]) {
        predictPath = route.predictPath
        webSocketPath = route.webSocketPath ?? route.predictPath
        limit = route.concurrencyLimit ?? .max
        countsTokens = route.targetInFlightTokens != nil
        refusal = if case .refused(let error) = route.availability { error } else { nil }
        replicas = route.replicas.map { replica in
            Replica(
                route: replica,
                endpoint: Endpoint(replica.endpoint),
                load: loads[replica.replicaID] ?? ReplicaLoad())
        }
    }

    /// How many more requests could be placed; `.max` without a limit.
    var room: Int {
        guard limit < .max else { return replicas.isEmpty ? 0 : .max }
        return replicas.reduce(0) { $0 + max(0, limit - $1.load.inFlight) }
    }
}

/// The newest snapshot. A loop asks for its number, which is a load of a word that hardly ever changes, and fetches
/// the snapshot only when it has another one.
final class CurrentTable: Sendable {
    private let number = Atomic<Int>(0)
    private let reference: Mutex<TableSnapshot>

    init(_ snapshot: TableSnapshot) { reference = Mutex(snapshot) }

    /// Grows with every table.
    var version: Int { number.load(ordering: .sequentiallyConsistent) }

    var snapshot: TableSnapshot { reference.withLock { $0 } }

    /// - Returns: the snapshot that was current.
    func replace(with next: TableSnapshot) -> TableSnapshot {
        let old = reference.withLock { current in
            let old = current
            current = next
            return old
        }
        number.add(1, ordering: .sequentiallyConsistent)
        return old
    }
}

/// Snapshots that are current no more, kept until no loop has them: to free a large one takes longer than a request
/// should wait, so it is left to whoever publishes next.
final class RetiredTables: Sendable {
    /// Counts the loops that may still have a snapshot.
    final class Users: Sendable {
        private let count: Atomic<Int>
        init(_ count: Int) { self.count = Atomic(count) }
        func leave() { count.subtract(1, ordering: .releasing) }
        var areGone: Bool { count.load(ordering: .acquiring) <= 0 }
    }

    private let tables = Mutex<[(snapshot: TableSnapshot, users: Users)]>([])

    /// Frees what no loop has any more, then keeps `snapshot`.
    func retire(_ snapshot: TableSnapshot, users: Users) {
        let gone = tables.withLock { tables in
            let gone = tables.filter(\.users.areGone)
            tables.removeAll(where: \.users.areGone)
            tables.append((snapshot, users))
            return gone
        }
        // Freed outside the lock.
        withExtendedLifetime(gone) {}
    }
}
