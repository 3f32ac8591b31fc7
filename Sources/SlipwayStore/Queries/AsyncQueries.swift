// Asynchronous requests and the secrets their deliveries are signed with.

import Foundation
import GRDB
import SlipwayCore

extension StoreReader {
    public func asyncRequest(_ id: String) throws -> AsyncRequest? {
        try AsyncRecord.one(db, "WHERE id = ?", [id])?.request
    }

    /// Deployments with predictions that wait for their first or next attempt.
    public func deploymentsWithAsyncWork() throws -> [DeploymentID] {
        try String.fetchAll(
            db.cachedStatement(
                sql: """
                    SELECT DISTINCT deployment_id FROM async_requests
                    WHERE status IN ('QUEUED', 'IN_PROGRESS') AND due_at IS NOT NULL
                    """)
        ).map { DeploymentID($0) }
    }

    /// How many predictions wait for their first attempt; deployments without any are missing.
    public func asyncQueueSizes() throws -> [DeploymentID: Int] {
        let rows = try Row.fetchAll(
            db,
            sql: """
                SELECT deployment_id, COUNT(*) AS size FROM async_requests WHERE status = 'QUEUED'
                GROUP BY deployment_id
                """)
        return Dictionary(uniqueKeysWithValues: rows.map { (DeploymentID($0["deployment_id"]), $0["size"]) })
    }

    /// Whether anything is due, now or later.
    public func hasAsyncWork() throws -> Bool {
        try Bool.fetchOne(
            db.cachedStatement(
                sql: "SELECT EXISTS (SELECT 1 FROM async_requests WHERE due_at IS NOT NULL)")) ?? false
    }

    /// Attempts that are due, in the order they are to be made: priority, then age.
    public func dueAttempts(
        of deployment: DeploymentID, at now: Timestamp, limit: Int
    ) throws -> [AsyncRequest] {
        try AsyncRecord.all(
            db,
            """
            WHERE deployment_id = ? AND status IN ('QUEUED', 'IN_PROGRESS') AND due_at <= ?
            ORDER BY priority, created_at, id LIMIT ?
            """, [deployment.text, now.microseconds, limit]
        ).map(\.request)
    }

    /// Deployments whose requests have deliveries that are due.
    public func deploymentsWithDueDeliveries(at now: Timestamp) throws -> [DeploymentID] {
        try String.fetchAll(
            db.cachedStatement(
                sql: """
                    SELECT DISTINCT deployment_id FROM async_requests
                    WHERE webhook_status = 'PENDING' AND status NOT IN ('QUEUED', 'IN_PROGRESS') AND due_at <= ?
                    """), arguments: [now.microseconds]
        ).map { DeploymentID($0) }
    }

    /// Deliveries of a deployment's requests that are due, oldest first.
    public func dueDeliveries(
        of deployment: DeploymentID, at now: Timestamp, limit: Int
    ) throws -> [AsyncRequest] {
        try AsyncRecord.all(
            db,
            """
            WHERE deployment_id = ? AND webhook_status = 'PENDING' AND status NOT IN ('QUEUED', 'IN_PROGRESS')
            AND due_at <= ? ORDER BY due_at LIMIT ?
            """, [deployment.text, now.microseconds, limit]
        ).map(\.request)
    }

    public func asyncRequests(_ status: AsyncStatus) throws -> [AsyncRequest] {
        try AsyncRecord.all(db, "WHERE status = ?", [status.rawValue]).map(\.request)
    }

    /// Every request there is, ended or not.
    public func asyncRequests() throws -> [AsyncRequest] { try AsyncRecord.all(db).map(\.request) }

    /// Queued requests whose time in the queue is over.
    public func expiredAsyncRequests(at now: Timestamp, limit: Int) throws -> [AsyncRequest] {
        try AsyncRecord.all(
            db, "WHERE status = 'QUEUED' AND expires_at <= ? LIMIT ?", [now.microseconds, limit]
        ).map(\.request)
    }

    public func asyncInput(_ id: String) throws -> Data? { try blob("input", id) }

    /// The answer's body and content type; nil until there is one.
    public func asyncOutput(_ id: String) throws -> (body: Data, type: String)? {
        guard let body = try blob("output", id) else { return nil }
        let type = try String.fetchOne(
            db, sql: "SELECT output_type FROM async_requests WHERE id = ?", arguments: [id])
        return (body, type ?? "application/json")
    }

    public func countAsyncRequests(of deployment: DeploymentID, _ status: AsyncStatus) throws -> Int {
        try AsyncRecord.filter(Column("deployment_id") == deployment.text)
            .filter(Column("status") == status.rawValue).fetchCount(db)
    }

    /// Signing secrets, newest first: sealed, with the time each ends; nil for the current one.
    public func webhookSecrets() throws -> [WebhookSecret] {
        try WebhookSecret.order(Column("created_at").desc).fetchAll(db)
    }

    private func blob(_ column: String, _ id: String) throws -> Data? {
        try Data.fetchOne(
            db, sql: "SELECT \(column) FROM async_requests WHERE id = ? AND \(column) IS NOT NULL",
            arguments: [id])
    }
}

extension StoreWriter {
    public func insert(_ request: AsyncRequest, input: Data) throws {
        try AsyncRecord(request).insert(db)
        try db.execute(
            sql: "UPDATE async_requests SET input = ? WHERE id = ?", arguments: [input, request.id])
    }

    public func update(_ request: AsyncRequest) throws { try AsyncRecord(request).update(db) }

    public func setAsyncOutput(_ id: String, _ body: Data, type: String) throws {
        try db.execute(
            sql: "UPDATE async_requests SET output = ?, output_type = ? WHERE id = ?",
            arguments: [body, type, id])
    }

    /// Forgets requests that ended before `moment` and have nothing left to deliver.
    public func forgetAsyncRequests(endedBefore moment: Timestamp) throws {
        let ends = AsyncStatus.allCases.filter(\.isEnd).map(\.rawValue)
        _ = try AsyncRecord.filter(ends.contains(Column("status"))).filter(Column("due_at") == nil)
            .filter(Column("status_at") < moment.microseconds).deleteAll(db)
    }

    public func insert(_ secret: WebhookSecret) throws { try secret.insert(db) }

    /// Lets all secrets that have no end yet end at `moment`, and forgets those that have ended.
    public func endWebhookSecrets(at moment: Timestamp, now: Timestamp) throws {
        try db.execute(
            sql: "UPDATE webhook_secrets SET ends_at = ? WHERE ends_at IS NULL",
            arguments: [moment.microseconds])
        try db.execute(
            sql: "DELETE FROM webhook_secrets WHERE ends_at <= ?", arguments: [now.microseconds])
    }
}

/// A secret that signs deliveries, sealed.
public struct WebhookSecret: Sendable, Codable, FetchableRecord, PersistableRecord {
    public static let databaseTableName = "webhook_secrets"
    public var id: String
    public var sealed: Data
    public var created_at: Timestamp
    /// Nil for the current one; others sign beside it until then.
    public var ends_at: Timestamp?

    public init(id: String, sealed: Data, createdAt: Timestamp) {
        self.id = id
        self.sealed = sealed
        created_at = createdAt
    }
}
