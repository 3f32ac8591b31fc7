// Rows of asynchronous requests; inputs and outputs are columns that are read only when they are needed.

import Foundation
import GRDB
import SlipwayCore

struct AsyncRecord: Codable, FetchableRecord, PersistableRecord, PartialRecord {
    static let databaseTableName = "async_requests"
    static let columns = [
        "id", "model_id", "deployment_id", "environment", "priority", "created_at", "expires_at", "retry",
        "webhook", "status", "webhook_status", "status_at", "attempts", "webhook_tries", "due_at", "errors",
    ]
    static var databaseSelection: [any SQLSelectable] { columns.map { Column($0) } }

    var id: String
    var model_id: ModelID
    var deployment_id: DeploymentID
    var environment: String?
    var priority: Int
    var created_at: Timestamp
    var expires_at: Timestamp
    var retry: AsyncRetryPolicy
    var webhook: String?
    var status: AsyncStatus
    var webhook_status: WebhookStatus
    var status_at: Timestamp
    var attempts: Int
    var webhook_tries: Int
    var due_at: Timestamp?
    var errors: [AsyncError]

    init(_ request: AsyncRequest) {
        id = request.id
        model_id = request.modelID
        deployment_id = request.deploymentID
        environment = request.environment
        priority = request.priority
        created_at = request.createdAt
        expires_at = request.expiresAt
        retry = request.retry
        webhook = request.webhook
        status = request.status
        webhook_status = request.webhookStatus
        status_at = request.statusAt
        attempts = request.attempts
        webhook_tries = request.webhookTries
        due_at = request.dueAt
        errors = request.errors
    }

    init(row: Row) throws {
        var row = ColumnReader(row)
        id = try row.next()
        model_id = try row.id()
        deployment_id = try row.id()
        environment = try row.optional()
        priority = try row.next()
        created_at = try row.time()
        expires_at = try row.time()
        retry = try row.json(.retries)
        webhook = try row.optional()
        status = try row.choice()
        webhook_status = try row.choice()
        status_at = try row.time()
        attempts = try row.next()
        webhook_tries = try row.next()
        due_at = try row.optionalTime()
        errors = try row.json(.errors)
    }

    var request: AsyncRequest {
        var request = AsyncRequest(
            id: id, modelID: model_id, deploymentID: deployment_id, environment: environment,
            priority: priority, createdAt: created_at, maxTimeInQueue: 0, retry: retry, webhook: webhook)
        request.expiresAt = expires_at
        request.status = status
        request.webhookStatus = webhook_status
        request.statusAt = status_at
        request.attempts = attempts
        request.webhookTries = webhook_tries
        request.dueAt = due_at
        request.errors = errors
        return request
    }
}
