// Live patches that are staged and not in the archive yet.

import Foundation
import GRDB
import SlipwayCore

/// A staged patch in the client's own form.
public struct StagedPatch: Sendable, Codable, FetchableRecord, PersistableRecord {
    public static let databaseTableName = "patches"
    /// Set by the store; patches are applied in this order.
    public var position: Int64?
    public var deployment_id: DeploymentID
    public var next_hash: String
    public var next_signature: String
    public var body: Data
    public var created_at: Timestamp

    public init(
        deployment: DeploymentID, nextHash: String, nextSignature: String, body: Data, createdAt: Timestamp
    ) {
        deployment_id = deployment
        next_hash = nextHash
        next_signature = nextSignature
        self.body = body
        created_at = createdAt
    }
}

extension StoreReader {
    /// Oldest first.
    public func patches(of deployment: DeploymentID) throws -> [StagedPatch] {
        try StagedPatch.all(db, "WHERE deployment_id = ? ORDER BY position", [deployment.text])
    }
}

extension StoreWriter {
    public func insert(_ patch: StagedPatch) throws { try patch.insert(db) }

    /// Forgets the patches up to `position`: they are in the archive.
    public func deletePatches(of deployment: DeploymentID, upTo position: Int64 = .max) throws {
        _ = try StagedPatch.filter(Column("deployment_id") == deployment.text)
            .filter(Column("position") <= position).deleteAll(db)
    }
}
