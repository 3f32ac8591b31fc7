// Durable state on SQLite. The controller and the façade compose transactions from the queries of
// `StoreReader` and `StoreWriter`; only this target knows SQL.

import Foundation
import GRDB
import SlipwayCore
import Synchronization

/// The database of one Slipway server. Writes are serial and durable (WAL with `synchronous=FULL`) when
/// `write` returns; reads see the last committed state and run beside them.
public final class Store: Sendable {
    private let pool: any DatabaseWriter
    private let faults: (any StoreFaults)?
    private let changes = RecordChanges()
    private let path: String
    /// Nil for a database in memory, and once it is closed.
    private let lock: Mutex<StoreLock?>
    private let failure = Mutex<StorageFailure?>(nil)

    /// Counts the writes of this process: what was read at a version still holds while it is the same.
    public var version: UInt64 { changes.version }

    /// What may differ from what was read when `version` was this; nil when that is too long ago to tell.
    public func rows(changedAfter version: UInt64) -> ChangedRows? { changes.rows(changedAfter: version) }

    /// What is wrong with the disk or the database, as far as the last transactions have shown.
    public var problem: StorageFailure? { failure.withLock { $0 } }

    /// Databases up to this size, in bytes, are checked as a whole before they are used: some tenths of a second.
    static let checkedAtOnce = 64 << 20

    /// Opens the database, making it and bringing its schema up to date when needed.
    /// - Throws: `StoreError` with the reason in words, also while another process uses it.
    public init(path: String) throws(StoreError) {
        self.path = path
        do {
            lock = Mutex(try StoreLock(path))
            var configuration = Configuration()
            configuration.foreignKeysEnabled = true
            configuration.busyMode = .timeout(10)
            configuration.maximumReaderCount = 4
            configuration.prepareDatabase { db in
                // Pages of the cache cost resident memory per connection; 1 MiB is enough for this data.
                try db.execute(sql: "PRAGMA cache_size = -1024")
            }
            pool = try DatabasePool(path: path, configuration: configuration)
            faults = nil
            // The pool sets NORMAL when it turns WAL on; an acknowledged write must survive a power cut.
            try pool.writeWithoutTransaction { try $0.execute(sql: "PRAGMA synchronous = FULL") }
            if Self.size(of: path) <= Self.checkedAtOnce { try Self.check(pool) }
            if try pool.read(Migrations.all.hasBeenSuperseded) {
                throw DatabaseError(
                    message:
                        "a newer version of Slipway has changed its layout; start that one, or bring back a backup of before with `slipway restore`"
                )
            }
            try Migrations.all.migrate(pool)
            pool.add(transactionObserver: changes)
        } catch {
            throw StoreError(opening: path, error)
        }
    }

    /// Opens a database in memory. Its transactions run on the thread of the caller, so that their order is the
    /// order of the calls.
    /// - Throws: `StoreError` with the reason in words.
    public init(on memory: MemoryDatabase, faults: any StoreFaults) throws(StoreError) {
        pool = memory.queue
        path = "in memory"
        lock = Mutex(nil)
        self.faults = faults
        do {
            try Migrations.all.migrate(pool)
            // The database outlives this store.
            pool.add(transactionObserver: changes)
        } catch {
            throw StoreError(opening: "in memory", error)
        }
    }

    /// Runs one read transaction.
    public func read<Value: Sendable>(
        _ body: @escaping @Sendable (StoreReader) throws -> Value
    ) async throws -> Value {
        if let faults { return try await read(body, faults) }
        do {
            return try await pool.read { try body(StoreReader(db: $0)) }
        } catch {
            throw noted(error)
        }
    }

    /// As `read`, on the thread of the caller, which it blocks: not for tasks.
    public func readBlocking<Value>(_ body: (StoreReader) throws -> Value) throws -> Value {
        do {
            return try pool.read { try body(StoreReader(db: $0)) }
        } catch {
            throw noted(error)
        }
    }

    /// Runs one write transaction; it is durable when the call returns and without any trace when it throws.
    public func write<Value: Sendable>(
        _ body: @escaping @Sendable (StoreWriter) throws -> Value
    ) async throws -> Value {
        if let faults { return try await write(body, faults) }
        do {
            let value = try await pool.write { try body(StoreWriter(db: $0)) }
            noteSuccess()
            return value
        } catch {
            throw noted(error)
        }
    }

    /// Writes next to nothing, so that `problem` tells of now. What was read still holds after it.
    public func probe() async {
        do {
            // The number has no meaning; setting it writes a page and syncs it.
            try await pool.write { try $0.execute(sql: "PRAGMA user_version = 0") }
            noteSuccess()
        } catch {
            _ = noted(error)
        }
    }

    private func noteSuccess() {
        // A damaged page stays damaged while others can be written.
        failure.withLock { if $0?.kind != .damaged { $0 = nil } }
    }

    /// Reads every page and looks whether it can be what was written.
    /// - Throws: `StorageFailure`.
    public func check() async throws {
        do {
            try await pool.read { try Self.check($0) }
        } catch {
            throw noted(error)
        }
    }

    /// The error as callers get it.
    private func noted(_ error: any Error) -> any Error {
        guard let known = StorageFailure(error, path: path) else { return error }
        failure.withLock { if $0?.kind != .damaged { $0 = known } }
        return known
    }

    private static func check(_ pool: any DatabaseWriter) throws {
        try pool.read { try check($0) }
    }

    static func check(_ db: Database) throws {
        let answer = try String.fetchOne(db, sql: "PRAGMA quick_check(1)")
        guard answer == "ok" else {
            throw DatabaseError(resultCode: .SQLITE_CORRUPT, message: answer)
        }
    }

    private static func size(of path: String) -> Int {
        let attributes = try? FileManager.default.attributesOfItem(atPath: path)
        return attributes?[.size] as? Int ?? 0
    }

    /// Whether the database is too large to have been checked when it was opened.
    public var isUnchecked: Bool { Self.size(of: path) > Self.checkedAtOnce }

    private func read<Value>(
        _ body: (StoreReader) throws -> Value, _ faults: any StoreFaults
    ) async throws -> Value {
        try await faults.willRead()
        // Nothing else runs meanwhile: a transaction would cost as much as the query.
        return try blocking { try pool.unsafeRead { try body(StoreReader(db: $0)) } }
    }

    private func write<Value>(
        _ body: (StoreWriter) throws -> Value, _ faults: any StoreFaults
    ) async throws -> Value {
        try await faults.willWrite()
        let value = try blocking {
            try pool.write { db in
                let value = try body(StoreWriter(db: db))
                try faults.willCommit()
                return value
            }
        }
        try await faults.didCommit()
        return value
    }

    /// Keeps the compiler from choosing the calls that hop to another thread.
    private func blocking<Value>(_ body: () throws -> Value) rethrows -> Value { try body() }

    /// Closes all connections; later calls throw.
    public func close() throws {
        try pool.close()
        lock.withLock { $0 = nil }
    }
}

/// Why the database could not be opened.
public struct StoreError: Error, CustomStringConvertible, Sendable {
    public let description: String

    init(opening path: String, _ error: any Error) {
        guard let error = error as? DatabaseError else {
            description = "The database \(path) cannot be opened: \(error)"
            return
        }
        let advice =
            switch error.resultCode {
            case .SQLITE_CORRUPT, .SQLITE_NOTADB:
                "it is damaged (\(error.message ?? "no database")); \(StorageFailure.wayBack(path))"
            case .SQLITE_FULL: "the disk is full"
            case .SQLITE_READONLY, .SQLITE_PERM: "the data directory cannot be written by this user"
            case .SQLITE_CANTOPEN:
                "it or a file beside it is not there or not this user's, or too many files are open"
            case .SQLITE_BUSY, .SQLITE_LOCKED: "another process has it open"
            default: error.message ?? "SQLite error \(error.resultCode.rawValue)"
            }
        description = "The database \(path) cannot be opened: \(advice)."
    }
}

/// Queries inside a transaction.
public class StoreReader {
    let db: Database
    init(db: Database) { self.db = db }
}

/// Queries and changes inside a write transaction.
public final class StoreWriter: StoreReader {}
