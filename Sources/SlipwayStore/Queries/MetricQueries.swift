// Samples of metrics, one per deployment and minute.

import Foundation
import GRDB
import SlipwayCore

/// A sample and where it belongs.
public struct StoredSample: Sendable {
    public var deploymentID: DeploymentID
    /// The begin of its minute.
    public var minute: Timestamp
    public var sample: MetricsSample

    public init(deploymentID: DeploymentID, minute: Timestamp, sample: MetricsSample) {
        self.deploymentID = deploymentID
        self.minute = minute
        self.sample = sample
    }
}

extension StoreReader {
    /// Samples whose minute begins in `start..<end`, oldest first.
    public func samples(
        of deployment: DeploymentID, from start: Timestamp, to end: Timestamp
    ) throws -> [StoredSample] {
        try Row.fetchAll(
            db,
            sql: """
                SELECT minute, sample FROM metric_samples
                WHERE deployment_id = ? AND minute >= ? AND minute < ? ORDER BY minute
                """, arguments: [deployment.text, start.microseconds, end.microseconds]
        ).map { row in
            StoredSample(
                deploymentID: deployment, minute: Timestamp(microseconds: row["minute"]),
                sample: try JSONDecoder().decode(MetricsSample.self, from: row["sample"]))
        }
    }
}

extension StoreWriter {
    /// Keeps the sample; one that is there already for the minute (from before a restart) is extended. A deployment
    /// that was deleted meanwhile gets none.
    public func insert(_ stored: StoredSample) throws {
        guard try DeploymentRecord.exists(db, key: stored.deploymentID.text) else { return }
        let next = Timestamp(microseconds: stored.minute.microseconds + 1)
        var sample = stored.sample
        if var earlier = try samples(of: stored.deploymentID, from: stored.minute, to: next).first?.sample {
            earlier.extend(by: sample)
            sample = earlier
        }
        try db.execute(
            sql: "INSERT OR REPLACE INTO metric_samples (deployment_id, minute, sample) VALUES (?, ?, ?)",
            arguments: [
                stored.deploymentID.text, stored.minute.microseconds, try JSONEncoder().encode(sample),
            ])
    }

    public func forgetSamples(before moment: Timestamp) throws {
        try db.execute(sql: "DELETE FROM metric_samples WHERE minute < ?", arguments: [moment.microseconds])
    }
}
