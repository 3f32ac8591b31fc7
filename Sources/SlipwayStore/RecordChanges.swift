// Which kinds of record have changed since when, so that nothing reads what has not.

import GRDB
import Synchronization

/// Records that the controller keeps a copy of.
public enum RecordKind: String, Sendable, CaseIterable {
    case models, deployments, environments, promotions
    case apiKeys = "api_keys"

    public static let all = Set(allCases)
}

/// Counts the transactions of a store that change rows and notes the kinds of record they change. SQLite tells nothing of
/// tables without row ids: metrics and idempotent calls, which nobody keeps a copy of.
///
/// A transaction is noted before readers can see it and counted after, so that a reader never takes something old for
/// new: at worst it reads again what it has.
final class RecordChanges: TransactionObserver, Sendable {
    private struct State {
        /// Transactions that have begun to commit, and that have committed. There is one writer.
        var begun: UInt64 = 0
        var done: UInt64 = 0
        /// Of the transaction under way.
        var current: Set<RecordKind> = []
        /// Whether the transaction under way has changed anything at all.
        var hasChanged = false
        var last: [RecordKind: UInt64] = [:]
    }

    private let state = Mutex(State())

    /// How many of them have been committed.
    var version: UInt64 { state.withLock { $0.done } }

    /// What may differ from a copy that was read at the version.
    func kinds(changedAfter version: UInt64) -> Set<RecordKind> {
        state.withLock { state in Set(state.last.filter { $0.value > version }.keys) }
    }

    func observes(eventsOfKind eventKind: DatabaseEventKind) -> Bool { true }

    func databaseDidChange(with event: DatabaseEvent) {
        let kind = RecordKind(rawValue: event.tableName)
        state.withLock { state in
            state.hasChanged = true
            if let kind { state.current.insert(kind) }
        }
    }

    func databaseWillCommit() throws {
        state.withLock { state in
            guard state.hasChanged else { return }
            state.begun += 1
            for kind in state.current { state.last[kind] = state.begun }
            (state.current, state.hasChanged) = ([], false)
        }
    }

    func databaseDidCommit(_ db: Database) { state.withLock { $0.done = $0.begun } }

    func databaseDidRollback(_ db: Database) {
        state.withLock { ($0.current, $0.hasChanged) = ([], false) }
    }
}
