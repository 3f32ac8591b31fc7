// Which rows have changed since when, so that nothing reads what has not.

import GRDB
import Synchronization

/// Records that the controller keeps a copy of.
public enum RecordKind: String, Sendable, CaseIterable {
    case models, deployments, environments, promotions
    case apiKeys = "api_keys"
}

/// Rows that transactions have inserted, changed or deleted.
public struct ChangedRows: Sendable, Equatable {
    /// Row ids by kind; a kind of which nothing has changed is missing.
    public private(set) var rows: [RecordKind: Set<Int64>] = [:]

    public init(_ rows: [RecordKind: Set<Int64>] = [:]) { self.rows = rows }

    public var isEmpty: Bool { rows.isEmpty }
    public var count: Int { rows.values.reduce(0) { $0 + $1.count } }

    public func contains(_ kind: RecordKind) -> Bool { rows[kind] != nil }

    public mutating func add(_ row: Int64, _ kind: RecordKind) { rows[kind, default: []].insert(row) }

    public mutating func remove(_ kind: RecordKind) { rows[kind] = nil }

    public mutating func formUnion(_ other: ChangedRows) {
        rows.merge(other.rows) { $0.union($1) }
    }
}

/// Counts the transactions of a store that change rows, and keeps the rows that the last ones have changed. SQLite tells
/// nothing of tables without row ids: metrics and idempotent calls, which nobody keeps a copy of.
///
/// A transaction is noted before readers can see it and counted after, so that a reader never takes something old for
/// new: at worst it reads again what it has. A change names its row and says nothing of its content, so one that is told
/// twice or in another order does no harm.
final class RecordChanges: TransactionObserver, Sendable {
    private struct State {
        let mostRows: Int
        /// Transactions that have begun to commit, and that have committed. There is one writer.
        var begun: UInt64 = 0
        var done: UInt64 = 0
        /// Of the transaction under way.
        var current = ChangedRows()
        /// Whether the transaction under way has changed anything at all.
        var hasChanged = false
        /// Oldest first; transactions that changed no row of a kind that is kept are left out.
        var last: [(number: UInt64, rows: ChangedRows)] = []
        /// The rows in `last`.
        var count = 0
        /// What this transaction and those before it have changed is kept no more.
        var forgotten: UInt64 = 0

        mutating func close() {
            guard hasChanged else { return }
            begun += 1
            if !current.isEmpty {
                last.append((begun, current))
                count += current.count
                if count > mostRows { forget() }
            }
            (current, hasChanged) = (ChangedRows(), false)
        }

        /// All but half of what may be kept, so that it is not done with each transaction.
        private mutating func forget() {
            var begin = last.endIndex
            count = 0
            while begin > last.startIndex, count + last[begin - 1].rows.count <= mostRows / 2 {
                begin -= 1
                count += last[begin].rows.count
            }
            if begin > last.startIndex { forgotten = last[begin - 1].number }
            last.removeSubrange(..<begin)
        }
    }

    private let state: Mutex<State>

    /// - Parameter mostRows: the most rows that are kept; who is further behind reads everything.
    init(mostRows: Int = 50_000) { state = Mutex(State(mostRows: mostRows)) }

    /// How many of them have been committed.
    var version: UInt64 { state.withLock { $0.done } }

    /// What may differ from a copy that was read at the version; nil when that is too long ago to tell.
    func rows(changedAfter version: UInt64) -> ChangedRows? {
        state.withLock { state in
            guard version >= state.forgotten else { return nil }
            var changed = ChangedRows()
            for entry in state.last.reversed() {
                if entry.number <= version { break }
                changed.formUnion(entry.rows)
            }
            return changed
        }
    }

    func observes(eventsOfKind eventKind: DatabaseEventKind) -> Bool { true }

    func databaseDidChange(with event: DatabaseEvent) {
        let kind = RecordKind(rawValue: event.tableName)
        state.withLock { state in
            state.hasChanged = true
            if let kind { state.current.add(event.rowID, kind) }
        }
    }

    func databaseWillCommit() throws { state.withLock { $0.close() } }

    func databaseDidCommit(_ db: Database) { state.withLock { $0.done = $0.begun } }

    func databaseDidRollback(_ db: Database) {
        state.withLock { ($0.current, $0.hasChanged) = (ChangedRows(), false) }
    }
}
