// What all connections of a gateway share. Sendable; everything event-loop-bound lives elsewhere.

import Logging
import SlipwayCore
import Synchronization

final class DataPlane: Sendable {
    let configuration: GatewayConfiguration
    let table = CurrentTable()
    let ledger: LoadLedger
    let traffic = TrafficLedger()
    let parking = Parking()
    let observer: any DemandObserver
    let logger: Logger
    let now: @Sendable () -> Timestamp
    private let draining = Atomic(false)
    private let lots = Atomic<UInt64>(0)

    init(
        configuration: GatewayConfiguration, observer: any DemandObserver, logger: Logger,
        now: @escaping @Sendable () -> Timestamp
    ) {
        self.configuration = configuration
        self.observer = observer
        self.logger = logger
        self.now = now
        ledger = LoadLedger(now: now)
    }

    /// Set once at shutdown: every answer from then on ends its connection.
    var isDraining: Bool { draining.load(ordering: .relaxed) }
    func beginDraining() { draining.store(true, ordering: .relaxed) }

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

    /// What a request that wants a replica of a deployment gets.
    enum Placement {
        /// Counted for this replica; the taker must release it in the ledger.
        case replica(ReplicaRoute, predictPath: String)
        /// Open and empty: wait.
        case noReplica
        /// There are replicas, but all of them are to be avoided.
        case onlyAvoided
        case refused(PlatformError)
    }

    /// Chooses the replica with the fewest requests.
    ///
    /// The count is raised first and the table looked at again after: so either a controller that took the
    /// replica out sees this request in `inFlight(replica:)`, or this request sees the newer table.
    func place(_ deployment: DeploymentID, avoiding avoided: Set<ReplicaID>) -> Placement {
        var snapshot = table.snapshot
        while true {
            guard let route = snapshot.table.deployments[deployment] else {
                return .refused(PlatformErrors.unserved(deployment))
            }
            if case .refused(let error) = route.availability { return .refused(error) }
            guard !route.replicas.isEmpty else { return .noReplica }
            let candidates =
                avoided.isEmpty
                ? route.replicas : route.replicas.filter { !avoided.contains($0.replicaID) }
            guard let chosen = ledger.takeLeastLoaded(of: candidates) else { return .onlyAvoided }
            let latest = table.snapshot
            if latest === snapshot || latest.table.deployments[deployment]?.replicas.contains(chosen) == true
            {
                return .replica(chosen, predictPath: route.predictPath)
            }
            ledger.release(chosen.replicaID)
            snapshot = latest
        }
    }
}
