// What a simulation puts between a store and its database.

import GRDB

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

    /// - Throws: `StoreError`.
    public init() throws(StoreError) {
        do {
            var configuration = Configuration()
            configuration.foreignKeysEnabled = true
            queue = try DatabaseQueue(configuration: configuration)
        } catch {
            throw StoreError(opening: "in memory", error)
        }
    }

    /// Looks at what is stored, past all faults. Blocks.
    public func look<Value>(_ body: (StoreReader) throws -> Value) throws -> Value {
        try queue.read { try body(StoreReader(db: $0)) }
    }
}
