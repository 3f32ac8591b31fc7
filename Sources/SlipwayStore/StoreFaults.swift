// What a simulation puts between a store and its database.

import GRDB
import Synchronization

/// Makes the callers of a store wait and fails their calls, as a slow or dying machine would.
public protocol StoreFaults: Sendable {
    /// Called before a read; what it throws is what the read throws.
    func willRead() async throws
    /// Called before a write transaction; throwing means that it never happens.
    func willWrite() async throws
    /// Called inside the transaction after its body; throwing takes everything back.
    func willCommit() throws
    /// Called when the transaction is durable, before the caller hears of it.
    func didCommit() async throws
}

/// A database in memory that outlives the stores opened on it, as a disk outlives processes.
public final class MemoryDatabase: Sendable {
    let queue: DatabaseQueue
    private let changes = ChangedTables()

    /// - Throws: `StoreError`.
    public init() throws(StoreError) {
        do {
            var configuration = Configuration()
            configuration.foreignKeysEnabled = true
            queue = try DatabaseQueue(configuration: configuration)
            queue.add(transactionObserver: changes, extent: .databaseLifetime)
        } catch {
            throw StoreError(opening: "in memory", error)
        }
    }

    /// The names of tables that committed transactions have changed since the last call.
    public func takeChangedTables() -> Set<String> { changes.take() }

    /// Looks at what is stored, past all faults. Blocks.
    public func look<Value>(_ body: (StoreReader) throws -> Value) throws -> Value {
        try queue.unsafeRead { try body(StoreReader(db: $0)) }
    }
}

/// Notes which tables transactions change.
private final class ChangedTables: TransactionObserver, Sendable {
    private let names = Mutex<Set<String>>([])

    func take() -> Set<String> {
        names.withLock { names in
            defer { names = [] }
            return names
        }
    }

    func observes(eventsOfKind eventKind: DatabaseEventKind) -> Bool { true }
    func databaseDidChange(with event: DatabaseEvent) {
        let name = event.tableName
        names.withLock { _ = $0.insert(name) }
    }
    func databaseDidCommit(_ db: Database) {}
    func databaseDidRollback(_ db: Database) {}
}
