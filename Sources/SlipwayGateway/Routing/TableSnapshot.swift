// The holder of the current routing table: written by the controller, read by every event loop.

import Synchronization

/// One published table; its identity tells whether a newer one has come.
final class TableSnapshot: Sendable {
    let table: RoutingTable
    init(_ table: RoutingTable) { self.table = table }
}

/// A reference that is replaced as a whole; the lock is held for one load or store.
final class CurrentTable: Sendable {
    private let reference = Mutex(TableSnapshot(RoutingTable()))

    var snapshot: TableSnapshot { reference.withLock { $0 } }

    func replace(with table: RoutingTable) {
        let next = TableSnapshot(table)
        // The old table is released outside the lock.
        _ = reference.withLock { current in
            let old = current
            current = next
            return old
        }
    }
}
