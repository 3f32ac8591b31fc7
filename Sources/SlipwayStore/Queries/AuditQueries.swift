// The audit log: appended with the change it tells of, in the same transaction; never changed.

import Foundation
import GRDB
import SlipwayCore

extension AuditEvent: FetchableRecord, PersistableRecord {
    public static var databaseTableName: String { "audit_log" }
}

extension StoreReader {
    /// - Parameter after: the id of the last event of the page before.
    public func auditEvents(
        _ filter: AuditFilter, ascending: Bool, after: Int64?, limit: Int
    ) throws -> [AuditEvent] {
        var request = AuditEvent.all()
        func narrow(_ column: String, _ values: [String]) {
            if !values.isEmpty { request = request.filter(values.contains(Column(column))) }
        }
        if let model = filter.model { request = request.filter(Column("model_id") == model.text) }
        if let types = filter.types { request = request.filter(types.contains(Column("type"))) }
        narrow("user_id", filter.users)
        narrow("deployment_id", filter.deployments)
        narrow("environment", filter.environments)
        if !filter.bySystem { request = request.filter(Column("key_prefix") != nil) }
        if !filter.byCallers { request = request.filter(Column("key_prefix") == nil) }
        if let start = filter.start { request = request.filter(Column("at") >= start.microseconds) }
        if let end = filter.end { request = request.filter(Column("at") <= end.microseconds) }
        if let search = filter.search {
            let pattern =
                "%"
                + search.replacing("\\", with: "\\\\").replacing("%", with: "\\%")
                .replacing("_", with: "\\_") + "%"
            request = request.filter(
                sql: """
                    EXISTS (SELECT 1 FROM json_each(data) AS member
                        WHERE (member.key LIKE '%name' OR member.key LIKE '%id')
                        AND member.value LIKE ? ESCAPE '\\')
                    """, arguments: [pattern])
        }
        if let after {
            request = request.filter(ascending ? Column("id") > after : Column("id") < after)
        }
        let id = Column("id")
        return try request.order(ascending ? id : id.desc).limit(limit).fetchAll(db)
    }
}

extension StoreWriter {
    public func append(_ event: AuditEvent) throws { try event.insert(db) }
}
