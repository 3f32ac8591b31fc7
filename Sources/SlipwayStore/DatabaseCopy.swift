// A copy of the database as of one moment, for backups.

import Foundation
import GRDB

/// A database file that no server uses.
public struct DatabaseCopy: Sendable {
    public let path: String
    public let models: Int
    public let deployments: Int
    /// Keys of the archives the deployments are built from, each once.
    public let archiveKeys: [String]

    /// Copies a database, also one that a server is writing to: what is committed when the copy begins is in it, and
    /// nothing else. Blocks.
    /// - Parameter destination: must not exist, or be an empty file.
    /// - Throws: `StoreError`, also when the database is damaged.
    public init(of database: String, to destination: String) throws(StoreError) {
        do {
            var configuration = Configuration()
            configuration.readonly = true
            configuration.busyMode = .timeout(10)
            let queue = try DatabaseQueue(path: database, configuration: configuration)
            try queue.vacuum(into: destination)
        } catch {
            throw StoreError(opening: database, error)
        }
        try self.init(at: destination)
    }

    /// Looks at a copy: whole, and of a schema that this version knows.
    /// - Throws: `StoreError`.
    public init(at path: String) throws(StoreError) {
        do {
            var configuration = Configuration()
            configuration.readonly = true
            let queue = try DatabaseQueue(path: path, configuration: configuration)
            (models, deployments, archiveKeys) = try queue.read { db in
                try Store.check(db)
                guard try !Migrations.all.hasBeenSuperseded(db) else {
                    throw DatabaseError(message: "it was made by a newer version of Slipway")
                }
                return (
                    try Int.fetchOne(db, sql: "SELECT COUNT(*) FROM models") ?? 0,
                    try Int.fetchOne(db, sql: "SELECT COUNT(*) FROM deployments") ?? 0,
                    try String.fetchAll(db, sql: "SELECT DISTINCT archive_key FROM deployments ORDER BY 1")
                )
            }
            try queue.close()
        } catch {
            throw StoreError(opening: path, error)
        }
        self.path = path
    }
}
