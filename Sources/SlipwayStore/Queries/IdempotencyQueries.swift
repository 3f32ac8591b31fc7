// Calls that must not be carried out twice.

import GRDB
import SlipwayCore

/// A call that was carried out.
public struct IdempotentCall: Sendable, Codable, FetchableRecord, PersistableRecord {
    public static let databaseTableName = "idempotent_calls"
    public var key_prefix: String
    public var key: String
    public var operation: String
    /// What it made.
    public var subject: String
    public var created_at: Timestamp

    public init(keyPrefix: String, key: String, operation: String, subject: String, createdAt: Timestamp) {
        key_prefix = keyPrefix
        self.key = key
        self.operation = operation
        self.subject = subject
        created_at = createdAt
    }
}

extension StoreReader {
    public func idempotentCall(key: String, of prefix: String) throws -> IdempotentCall? {
        try IdempotentCall.filter(Column("key_prefix") == prefix).filter(Column("key") == key).fetchOne(db)
    }
}

extension StoreWriter {
    public func insert(_ call: IdempotentCall) throws { try call.insert(db) }

    public func forgetIdempotentCalls(before moment: Timestamp) throws {
        _ = try IdempotentCall.filter(Column("created_at") < moment.microseconds).deleteAll(db)
    }
}
