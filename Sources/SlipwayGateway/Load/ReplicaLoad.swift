// What all event loops know about one replica: how many requests and tokens it has, and whether it is there.

import SlipwayCore
import Synchronization

final class ReplicaLoad: Sendable {
    private let count = Atomic<Int>(0)
    /// Tokens of these requests, where they are counted.
    private let tokenCount = Atomic<Int>(0)
    /// Moment of `MonotonicClock` up to which no new request goes there.
    private let shunnedUntil = Atomic<UInt64>(0)

    var inFlight: Int { count.load(ordering: .sequentiallyConsistent) }

    /// Counts one more request; false when it has `limit` already.
    func take(limit: Int) -> Bool {
        guard count.add(1, ordering: .sequentiallyConsistent).newValue > limit else { return true }
        release()
        return false
    }

    func release() { count.subtract(1, ordering: .sequentiallyConsistent) }

    var tokens: Int { tokenCount.load(ordering: .relaxed) }

    func add(tokens: Int) { tokenCount.add(tokens, ordering: .relaxed) }

    func isShunned(_ moment: UInt64) -> Bool { shunnedUntil.load(ordering: .relaxed) > moment }

    /// A connection was refused: for a while, others are tried first.
    func shun(until moment: UInt64) { shunnedUntil.store(moment, ordering: .relaxed) }
}

/// The loads of all replicas that are in the table or still have requests.
final class ReplicaLoads: Sendable {
    private let loads = Mutex<[ReplicaID: ReplicaLoad]>([:])

    /// The loads of `replicas`, made where there are none; others are forgotten once they have no requests.
    func keep(_ replicas: [ReplicaID]) -> [ReplicaID: ReplicaLoad] {
        loads.withLock { loads in
            let wanted = Set(replicas)
            for (id, load) in loads where !wanted.contains(id) && load.inFlight == 0 { loads[id] = nil }
            for id in wanted where loads[id] == nil { loads[id] = ReplicaLoad() }
            return loads
        }
    }

    /// Requests by replica, of those that have any.
    var busy: [ReplicaID: Int] {
        loads.withLock { $0.mapValues(\.inFlight).filter { $0.value > 0 } }
    }

    func inFlight(_ replica: ReplicaID) -> Int { loads.withLock { $0[replica]?.inFlight ?? 0 } }
}
