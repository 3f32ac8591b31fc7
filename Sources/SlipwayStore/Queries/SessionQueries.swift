// Sessions of the dashboard: found by the hash of their token, which is not kept.

import Foundation
import GRDB
import SlipwayCore

/// One browser that has signed in.
public struct StoredSession: Sendable, Codable, FetchableRecord, PersistableRecord {
    public static let databaseTableName = "sessions"
    /// SHA-256 of the token, hex.
    public var digest: String
    /// The API key, sealed with a key that only the token gives.
    public var sealed_key: Data
    public var created_at: Timestamp
    public var seen_at: Timestamp

    public init(digest: String, sealedKey: Data, createdAt: Timestamp) {
        self.digest = digest
        sealed_key = sealedKey
        created_at = createdAt
        seen_at = createdAt
    }
}

extension StoreReader {
    public func session(digest: String) throws -> StoredSession? {
        try StoredSession.fetchOne(db, key: digest)
    }
}

extension StoreWriter {
    public func insert(_ session: StoredSession) throws { try session.insert(db) }

    /// Notes that it was used; one that has ended meanwhile stays ended.
    public func touch(session digest: String, at moment: Timestamp) throws {
        try db.execute(
            sql: "UPDATE sessions SET seen_at = ? WHERE digest = ?", arguments: [moment.microseconds, digest])
    }

    public func deleteSession(digest: String) throws {
        _ = try StoredSession.deleteOne(db, key: digest)
    }

    /// Forgets sessions that began before one moment or were last used before the other.
    public func deleteSessions(startedBefore start: Timestamp, unusedSince use: Timestamp) throws {
        try db.execute(
            sql: "DELETE FROM sessions WHERE created_at <= ? OR seen_at <= ?",
            arguments: [start.microseconds, use.microseconds])
    }
}
