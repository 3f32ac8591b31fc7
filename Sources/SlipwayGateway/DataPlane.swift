// What all connections of a gateway share. Sendable; everything that belongs to one event loop is in LoopServices.

import Logging
import SlipwayCore
import SlipwaySockets
import Synchronization

final class DataPlane: Sendable {
    let configuration: GatewayConfiguration
    let table: CurrentTable
    let replicas = ReplicaLoads()
    let ledger: LoadLedger
    let parking = Parking()
    let observer: any DemandObserver
    let logger: Logger
    let now: @Sendable () -> Timestamp
    /// Takes HTTP/2 connections; nil while nobody speaks it.
    let http2: HTTP2TakeOver?
    /// Client connections that are open, on all loops.
    let openConnections = Atomic<Int>(0)
    private let draining = Atomic(false)
    private let successor = Mutex<Endpoint?>(nil)
    private let lots = Atomic<UInt64>(0)
    /// Books of deployments that are gone are still to be closed.
    private let owesPrune = Atomic(false)

    init(
        configuration: GatewayConfiguration, observer: any DemandObserver, http2: HTTP2TakeOver?,
        logger: Logger, now: @escaping @Sendable () -> Timestamp
    ) {
        self.configuration = configuration
        self.observer = observer
        self.http2 = http2
        self.logger = logger
        self.now = now
        table = CurrentTable(TableSnapshot(RoutingTable(), loads: replicas))
        ledger = LoadLedger(now: now)
    }

    /// - Returns: the snapshot that loops may still have.
    func publish(_ table: RoutingTable) -> TableSnapshot {
        let snapshot = TableSnapshot(table, loads: replicas, after: self.table.snapshot)
        let old = self.table.replace(with: snapshot)
        parking.callOut(with: snapshot)
        // Books are there for all that was ever called: not to be looked at with every table.
        if owesPrune.load(ordering: .relaxed) || old.table.deployments.count > table.deployments.count {
            let isDone = ledger.prune { table.deployments[$0] != nil }
            owesPrune.store(!isDone, ordering: .relaxed)
        }
        return old
    }

    /// Set once at shutdown: every answer from then on ends its connection.
    var isDraining: Bool { draining.load(ordering: .relaxed) }
    func beginDraining() { draining.store(true, ordering: .relaxed) }

    /// Requests for the management server go to `endpoint` from now on, where another process serves.
    func beginLeaving(for endpoint: Endpoint) {
        successor.withLock { $0 = endpoint }
        beginDraining()
    }

    /// The main listener of the process that serves instead of this one; nil while none does.
    var successorUpstream: Endpoint? { isDraining ? successor.withLock { $0 } : nil }

    var isLeaving: Bool { successorUpstream != nil }

    /// 0–99 in an order that spreads any percentage evenly over consecutive requests: 37 and 100 share no factor.
    func nextLot() -> Int { Int(lots.wrappingAdd(37, ordering: .relaxed).oldValue % 100) }

    /// A WARNING line in the deployment's log about a request that did not end well.
    func logFailure(
        _ message: String, _ requestID: RequestID, replica: ReplicaID? = nil, of deployment: DeploymentID
    ) {
        observer.log(
            LogEntry(
                at: now(), message, level: .warning, replica: replica, requestID: requestID.text),
            of: deployment)
    }
}
