// Writing and reading the audit log.

import Foundation
import SlipwayAPI
import SlipwayCore
import SlipwayStore

extension StoreWriter {
    /// Appends the change to the log in the transaction that makes it.
    /// - Parameter caller: nil for the system itself.
    func record(_ entry: AuditEntry, by caller: Caller?, at now: Timestamp) throws {
        var event = AuditEvent(
            at: now, type: entry.type.rawValue,
            data: String(decoding: try WireJSON.encode(JSONValue.object(entry.members)), as: UTF8.self))
        event.modelID = entry.model
        event.deploymentID = entry.deployment
        event.environment = entry.environment
        if let caller {
            event.keyPrefix = caller.keyPrefix
            event.keyName = caller.keyName
            event.keyCategory = caller.grant.category
            event.userID = caller.user.id
            event.userEmail = caller.user.email
            event.clientName = caller.client?.name
            event.clientVersion = caller.client?.version
        }
        try append(event)
    }
}

/// A page of the audit log and where the next one begins.
public struct AuditPage: Sendable {
    public var events: [AuditEvent]
    public var next: AuditCursor?
}

/// A place in the audit log, opaque to clients.
public struct AuditCursor: Sendable, Equatable {
    public var ascending: Bool
    /// Id of the last event that was answered; nil at the begin.
    public var after: Int64?

    public init(ascending: Bool, after: Int64? = nil) {
        self.ascending = ascending
        self.after = after
    }

    /// Nil for a text that is none of ours.
    public init?(text: String) {
        guard let data = Data(base64Encoded: text) else { return nil }
        let parts = String(decoding: data, as: UTF8.self).split(separator: ":")
        guard parts.count == 2, ["asc", "desc"].contains(parts[0]), let after = Int64(parts[1]), after >= 0
        else { return nil }
        self.init(ascending: parts[0] == "asc", after: after)
    }

    public var text: String {
        Data("\(ascending ? "asc" : "desc"):\(after ?? 0)".utf8).base64EncodedString()
    }
}

extension ControlPlane {
    /// - Throws: `ControlError.notFound` when the filter names a model that neither exists nor ever did.
    public func auditLog(_ filter: AuditFilter, from cursor: AuditCursor, limit: Int) async throws
        -> AuditPage
    {
        try await store.read { db in
            if let id = filter.model, try db.model(id) == nil {
                var past = AuditFilter()
                past.model = id
                guard try !db.auditEvents(past, ascending: true, after: nil, limit: 1).isEmpty else {
                    throw ControlError.notFound("There is no model \(id).")
                }
            }
            // One more than asked for tells whether there is another page.
            var events = try db.auditEvents(
                filter, ascending: cursor.ascending, after: cursor.after, limit: limit + 1)
            let hasMore = events.count > limit
            events = Array(events.prefix(limit))
            return AuditPage(
                events: events,
                next: hasMore ? AuditCursor(ascending: cursor.ascending, after: events.last?.id) : nil)
        }
    }
}
