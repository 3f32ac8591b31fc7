// Records as the controller keeps them, with their rows, by which it hears of changes.

import GRDB
import SlipwayCore

/// A record and the row it is in.
public struct Kept<Record: Sendable & Equatable>: Sendable, Equatable {
    public var row: Int64
    public var record: Record

    public init(row: Int64, record: Record) {
        self.row = row
        self.record = record
    }
}

/// Records of the rows that are asked for, as far as they are there; nil asks for all.
extension StoreReader {
    /// Without the texts that only clients and builds read: `rawConfig`, `configJSON`, `labelsJSON`, hash and signature of
    /// the source. They are most of a record, and there may be very many.
    public func keptDeployments(_ rows: Set<Int64>? = nil) throws -> [Kept<Deployment>] {
        try KeptDeploymentRow.kept(rows, in: db).map { Kept(row: $0, record: $1.deployment) }
    }

    public func keptModels(_ rows: Set<Int64>? = nil) throws -> [Kept<ModelID>] {
        try ModelRecord.kept(rows, in: db).map { Kept(row: $0, record: $1.id) }
    }

    public func keptEnvironments(_ rows: Set<Int64>? = nil) throws -> [Kept<SlipwayCore.Environment>] {
        try EnvironmentRecord.kept(rows, in: db).map { Kept(row: $0, record: $1.environment) }
    }

    public func keptAPIKeys(_ rows: Set<Int64>? = nil) throws -> [Kept<APIKeyRecord>] {
        try APIKeyRow.kept(rows, in: db).map { Kept(row: $0, record: $1.record) }
    }

    /// The next row ids of a kind.
    public func rows(of kind: RecordKind, after row: Int64, limit: Int) throws -> [Int64] {
        let sql = "SELECT rowid FROM \(kind.rawValue) WHERE rowid > ? ORDER BY rowid LIMIT ?"
        return try Int64.fetchAll(db.cachedStatement(sql: sql), arguments: [row, limit])
    }
}

extension FetchableRecord where Self: TableRecord {
    fileprivate static func kept(
        _ rows: Set<Int64>?, in db: Database
    ) throws -> [(row: Int64, record: Self)] {
        guard let rows else { return try kept("ORDER BY rowid", [], in: db) }
        return try rows.sorted().flatMap { try kept("WHERE rowid = ?", [$0], in: db) }
    }

    private static func kept(
        _ clauses: String, _ arguments: StatementArguments, in db: Database
    ) throws -> [(row: Int64, record: Self)] {
        let sql = "SELECT \(cachedColumns), rowid AS kept_row FROM \(databaseTableName) \(clauses)"
        let rows = try Row.fetchCursor(db.cachedStatement(sql: sql), arguments: arguments)
        var kept: [(Int64, Self)] = []
        while let row = try rows.next() { kept.append((row["kept_row"], try Self(row: row))) }
        return kept
    }
}

/// What the controller decides by.
private struct KeptDeploymentRow: FetchableRecord, TableRecord, PartialRecord {
    static let databaseTableName = DeploymentRecord.databaseTableName
    static let columns = [
        "id", "model_id", "name", "created_at", "is_development", "archive_key", "instance_type_id",
        "status", "status_reason", "status_since", "desired", "image_id", "autoscaling", "has_been_active",
        "deploy_timeout_seconds", "deploy_started_at", "source_deployment_id", "allows_download",
        "backpressure",
    ]

    let deployment: Deployment

    init(row: Row) throws {
        var row = ColumnReader(row)
        let (id, model): (DeploymentID, ModelID) = (try row.id(), try row.id())
        var made = Deployment(
            id: id, modelID: model, name: try row.next(), createdAt: try row.time(),
            isDevelopment: try row.next(), archiveKey: try row.next(), rawConfig: nil, configJSON: "",
            instanceTypeID: try row.next(), status: try row.choice())
        made.statusReason = try row.optional()
        made.statusSince = try row.time()
        made.desired = try row.choice()
        made.imageID = try row.optionalID()
        made.autoscaling = try row.json(.autoscaling)
        made.hasBeenActive = try row.next()
        made.deployTimeoutSeconds = try row.next()
        made.deployStartedAt = try row.optionalTime()
        made.sourceDeploymentID = try row.optionalID()
        made.allowsDownload = try row.next()
        made.backpressure = try row.optionalChoice()
        deployment = made
    }
}
