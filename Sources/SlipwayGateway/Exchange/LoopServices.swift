// What the connections of one event loop share. Used on its thread only.

import SlipwayCore
import SlipwaySockets

final class LoopServices {
    let plane: DataPlane
    let reactor: Reactor
    let pool: ConnectionPool
    /// This loop and all loops, as they know each other.
    let peer: LoopPeer
    let peers: [LoopPeer]
    /// Of the head that is being read.
    let fields = FieldTable()
    /// Client connections that are open.
    var clients: [ObjectIdentifier: ClientConnection] = [:]
    var listeners: [ListeningSocket] = []
    /// Those that may come and go, by their numbers.
    var attached: [Int: ListeningSocket] = [:]

    private var version: Int
    private var current: TableSnapshot
    private var books: [DeploymentID: LoadBook] = [:]
    private var ids = RequestIDs()
    private var longestRefresh: UInt64 = 0

    init(plane: DataPlane, reactor: Reactor, peer: LoopPeer, peers: [LoopPeer]) {
        self.peer = peer
        self.peers = peers
        self.plane = plane
        self.reactor = reactor
        pool = ConnectionPool(reactor: reactor, configuration: plane.configuration)
        version = plane.table.version
        current = plane.table.snapshot
    }

    /// The newest table.
    var snapshot: TableSnapshot {
        refresh()
        return current
    }

    /// Takes the newest table.
    func refresh() {
        let newest = plane.table.version
        guard newest != version else { return }
        let begun = MonotonicClock.now
        version = newest
        current = plane.table.snapshot
        longestRefresh = max(longestRefresh, MonotonicClock.now - begun)
    }

    /// Nanoseconds that the slowest change of tables has taken since the last call.
    func takeLongestRefresh() -> UInt64 {
        defer { longestRefresh = 0 }
        return longestRefresh
    }

    func book(_ deployment: DeploymentID) -> LoadBook {
        if let book = books[deployment], !book.isRetired { return book }
        books = books.filter { !$0.value.isRetired }
        let book = plane.ledger.open(deployment)
        books[deployment] = book
        return book
    }

    func newRequestID() -> RequestID { ids.next() }

    /// What a request that wants a replica of a deployment gets.
    enum Placement {
        /// Counted for this replica; the taker must release it.
        case replica(ServedDeployment.Replica, of: ServedDeployment)
        /// Open and empty: wait.
        case noReplica
        /// Every replica has as many requests as it may: wait.
        case full
        /// There are replicas with room, but all of them are to be avoided.
        case onlyAvoided
        case refused(PlatformError)
    }

    /// Chooses the replica with the fewest requests, or, where tokens are counted, with the fewest tokens of them;
    /// among equals the first of the table, so that little load stays on few replicas.
    ///
    /// The count is raised first and the table looked at again after: so either a controller that took the
    /// replica out sees this request in `inFlight(replica:)`, or this request sees the newer table.
    ///
    /// - Parameters:
    ///   - isNext: whether the request has come up in the queue; others do not overtake those that wait.
    ///   - isLimited: whether replicas that have as many requests as they may are left out. A model's own routes
    ///     are not: a look at its health does not wait behind predictions.
    func place(
        _ deployment: DeploymentID, book: LoadBook, avoiding avoided: Set<ReplicaID>, isNext: Bool,
        isLimited: Bool
    ) -> Placement {
        while true {
            let snapshot = snapshot
            guard let served = snapshot.served[deployment] else {
                guard let route = snapshot.table.deployments[deployment] else {
                    return .refused(PlatformErrors.unserved(deployment))
                }
                if case .refused(let error) = route.availability { return .refused(error) }
                return .noReplica
            }
            if let refusal = served.refusal { return .refused(refusal) }
            let limit = isLimited ? served.limit : .max
            if limit < .max, !isNext, book.shared.waiting.load(ordering: .sequentiallyConsistent) > 0 {
                return .full
            }
            var isFull = true
            guard let chosen = choose(served, limit: limit, avoiding: avoided, isFull: &isFull) else {
                return isFull ? .full : .onlyAvoided
            }
            if plane.table.version == version
                || self.snapshot.served[deployment]?.replicas.contains(where: { $0.load === chosen.load })
                    == true
            {
                return .replica(chosen, of: served)
            }
            chosen.load.release()
        }
    }

    private func choose(
        _ served: ServedDeployment, limit: Int, avoiding avoided: Set<ReplicaID>, isFull: inout Bool
    ) -> ServedDeployment.Replica? {
        while true {
            var best: ServedDeployment.Replica?
            var (fewest, bestIsShunned) = ((tokens: Int.max, requests: Int.max), true)
            for replica in served.replicas {
                let count = replica.load.inFlight
                guard count < limit else { continue }
                isFull = false
                guard avoided.isEmpty || !avoided.contains(replica.route.replicaID) else { continue }
                let isShunned = replica.load.isShunned(reactor.now)
                let busy = (tokens: served.countsTokens ? replica.load.tokens : 0, requests: count)
                if best == nil || (bestIsShunned && !isShunned)
                    || (bestIsShunned == isShunned && busy < fewest)
                {
                    (best, fewest, bestIsShunned) = (replica, busy, isShunned)
                }
                if fewest == (0, 0), !bestIsShunned { break }
            }
            guard let best else { return nil }
            if best.load.take(limit: limit) { return best }
            // Another loop was faster.
            isFull = true
        }
    }
}
