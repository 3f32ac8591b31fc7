// What the records say of the time.

import GRDB
import SlipwayCore

extension StoreReader {
    /// The latest time in the records that are written most: the server that wrote them had come so far. Nil for a new
    /// database.
    public func latestTime() throws -> Timestamp? {
        try Int64.fetchOne(
            db,
            sql: """
                SELECT MAX(at) FROM (
                    SELECT MAX(status_since) AS at FROM deployments
                    UNION ALL SELECT MAX(minute) FROM metric_samples
                    UNION ALL SELECT MAX(status_at) FROM async_requests
                    UNION ALL SELECT at FROM (SELECT at FROM audit_log ORDER BY id DESC LIMIT 1)
                )
                """
        ).map { Timestamp(microseconds: $0) }
    }
}
