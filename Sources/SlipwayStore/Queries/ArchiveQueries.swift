// Digests of the archives that were pushed.

import GRDB
import SlipwayCore

extension StoreReader {
    /// SHA-256 of the archive as it was pushed, hex; nil for one that an earlier version took in and nobody has read yet.
    public func archiveDigest(_ key: String) throws -> String? {
        try String.fetchOne(db, sql: "SELECT sha256 FROM archives WHERE key = ?", arguments: [key])
    }
}

extension StoreWriter {
    /// Keeps the digest of a pushed archive; one that is there stays.
    /// - Returns: the digest that is kept now.
    public func keepArchiveDigest(_ sha256: String, of key: String) throws -> String {
        try db.execute(
            sql: "INSERT INTO archives (key, sha256) VALUES (?, ?) ON CONFLICT (key) DO NOTHING",
            arguments: [key, sha256])
        return try archiveDigest(key) ?? sha256
    }

    public func forgetArchiveDigest(of key: String) throws {
        try db.execute(sql: "DELETE FROM archives WHERE key = ?", arguments: [key])
    }
}
