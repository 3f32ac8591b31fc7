// Proof that the controller hears of every change: bit by bit, what it keeps is compared with what is stored, and its table
// with what it should be. A difference is a fault of ours: it is mended, counted and told.

import SlipwayCore
import SlipwayStore
import Synchronization

struct FeedComparison {
    static let period: Duration = .seconds(5)
    /// Rows of each kind that are looked at in one go: a part of a millisecond.
    static let rows = 50

    fileprivate var last: Timestamp?
    /// The row of each kind up to which the store was read.
    fileprivate var stored: [RecordKind: Int64] = [:]
    /// Rows of the controller's that are still to be looked up in this round.
    fileprivate var own: [RecordKind: [Int64]] = [:]

    /// Takes the next rows of a round.
    fileprivate mutating func next(of records: Records) -> ChangedRows {
        if own.values.allSatisfy(\.isEmpty) { own = records.rows.rows.mapValues(Array.init) }
        var next: [RecordKind: Set<Int64>] = [:]
        for kind in own.keys {
            next[kind] = own[kind].map { Set($0.suffix(Self.rows)) }
            own[kind]?.removeLast(next[kind]?.count ?? 0)
        }
        return ChangedRows(next)
    }
}

/// How many differences were found.
final class FeedRepairs: Sendable {
    private let state = Mutex((count: 0, last: ""))

    /// With what differed last, in words.
    var found: (count: Int, last: String) { state.withLock { $0 } }

    func add(_ more: Int, _ what: String) {
        state.withLock { $0 = ($0.count + more, what) }
    }
}

extension Controller {
    func compareSome() async throws {
        let now = dependencies.now()
        if let last = comparison.last, now - last < FeedComparison.period { return }
        comparison.last = now
        guard let version = readVersion, isUnchanged(since: version) else { return }
        let rows = comparison.next(of: records)
        let (reading, places) = try await store.read { [comparison] db in
            try comparison.reading(beside: rows, from: db)
        }
        // What was written meanwhile is heard of by the next pass.
        guard isUnchanged(since: version), readVersion == version else { return }
        comparison.stored = places
        let news = records.apply(reading)
        repair(news)
        compareRoutes(of: Set(reading.deployments.map(\.record.id)))
    }

    private func isUnchanged(since version: UInt64) -> Bool {
        store.rows(changedAfter: version)?.isEmpty ?? false
    }

    private func repair(_ news: RecordNews) {
        if news.isEmpty { return }
        count(
            news.models.count + news.deployments.count + news.keys.count,
            "records: \(news.deployments.sorted().map(\.text)), \(news.models.sorted().map(\.text))")
        take(news)
        inbox.ring()
    }

    private func compareRoutes(of ids: Set<DeploymentID>) {
        let observed = observed()
        // These are made again in every pass.
        let promoted = Set(records.promotions.flatMap(\.sides))
        for deployment in ids.subtracting(promoted).compactMap({ records.deployments[$0] })
        where !isUnrouted(deployment.id) {
            let route = RouteKeeper.route(of: deployment, records, observed)
            if routes.table.deployments[deployment.id] == route { continue }
            count(1, "the route of \(deployment.id) (\(deployment.status.rawValue))")
            noteRoute(of: deployment.id)
            inbox.ring()
        }
    }

    private func count(_ differences: Int, _ what: String) {
        repairs.add(max(1, differences), what)
        logger.error(
            "the controller had not heard of a change, which is a fault of Slipway",
            metadata: ["what": "\(what.prefix(500))"])
    }
}

extension FeedComparison {
    /// What the store has of these rows, and its own next rows of each kind.
    fileprivate func reading(
        beside own: ChangedRows, from db: StoreReader
    ) throws -> (RecordReading, places: [RecordKind: Int64]) {
        var rows = own
        var places: [RecordKind: Int64] = [:]
        // Of promotions those that run and are watched are kept, and read as a whole.
        for kind in RecordKind.allCases where kind != .promotions {
            let next = try db.rows(of: kind, after: stored[kind] ?? 0, limit: Self.rows)
            for row in next { rows.add(row, kind) }
            // From the beginning again after the last.
            places[kind] = next.count < Self.rows ? 0 : next.last
        }
        rows.add(0, .promotions)
        return (try RecordReading(rows, from: db), places)
    }
}
