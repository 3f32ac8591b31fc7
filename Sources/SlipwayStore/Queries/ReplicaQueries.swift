// Replicas that somebody ended. Which replicas run is the engine's business; this only has to outlive the server.

import GRDB
import SlipwayCore

extension StoreReader {
    /// Replicas that were ended by a call and may still run.
    public func terminatedReplicas() throws -> Set<ReplicaID> {
        Set(try String.fetchAll(db, sql: "SELECT replica_id FROM terminated_replicas").map { ReplicaID($0) })
    }
}

extension StoreWriter {
    public func noteTermination(of replica: ReplicaID, in deployment: DeploymentID, at now: Timestamp) throws
    {
        try db.execute(
            sql: "INSERT OR IGNORE INTO terminated_replicas (replica_id, deployment_id, at) VALUES (?, ?, ?)",
            arguments: [replica.text, deployment.text, now.microseconds])
    }

    /// Forgets those that do not run any more.
    public func forgetTerminations(except running: Set<ReplicaID>) throws {
        for id in try terminatedReplicas() where !running.contains(id) {
            try db.execute(
                sql: "DELETE FROM terminated_replicas WHERE replica_id = ?", arguments: [id.text])
        }
    }
}
