// The audit log of the workspace and of one model.

import Foundation
import Hummingbird
import SlipwayAPI
import SlipwayControl
import SlipwayCore

enum AuditLogRoutes {
    static func collection(_ services: Services) -> RouteCollection<ServerContext> {
        let control = services.control
        let routes = RouteCollection(context: ServerContext.self)
        routes.operation(.get, "/v1/audit_logs") { call in
            try await page(ListAuditLogsRequestV1(query: call.query), of: nil, control)
        }
        routes.operation(.get, "/v1/models/{model_id}/audit_logs") { call in
            try await page(ListAuditLogsRequestV1(query: call.query), of: call.modelID, control)
        }
        return routes
    }

    private static func page(
        _ request: ListAuditLogsRequestV1, of model: ModelID?, _ control: ControlPlane
    ) async throws -> ListAuditLogsResponseV1 {
        var filter = try AuditFilter(request)
        filter.model = model
        var cursor = AuditCursor(ascending: request.direction == .asc)
        if let text = request.cursor {
            guard let given = AuditCursor(text: text) else {
                throw PageQuery.badCursor
            }
            cursor = given
        }
        let page = try await control.auditLog(filter, from: cursor, limit: request.limit)
        return ListAuditLogsResponseV1(
            // One that cannot be read does not hide the others.
            items: page.events.compactMap(AuditLogEntryV1.init),
            pagination: PaginationResponseV1(hasMore: page.next != nil, cursor: page.next?.text))
    }
}

extension AuditFilter {
    fileprivate init(_ request: ListAuditLogsRequestV1) throws {
        self.init()
        search = request.search.flatMap { $0.isEmpty ? nil : $0 }
        let wanted =
            request.eventTypeGroups.isEmpty
            ? AuditLogEventTypeV1.contract : request.eventTypeGroups.flatMap(\.types)
        types = Set(wanted.map(\.rawValue))
        // There are no chains.
        if !request.chainDeploymentIDs.isEmpty { types = [] }
        users = request.userIDs
        deployments = request.deploymentIDs
        environments = request.environmentNames
        if !request.sources.isEmpty {
            bySystem = request.sources.contains(.system)
            byCallers = request.sources.contains(.api)
        }
        func moment(_ value: Int?, _ name: String) throws -> Timestamp? {
            try EpochMillis.checked(value, name).map { Timestamp(microseconds: $0 * 1000) }
        }
        start = try moment(request.startEpochMillis, "start_epoch_millis")
        end = try moment(request.endEpochMillis, "end_epoch_millis")
        if let start, let end, start > end {
            throw Refusal.validation("start_epoch_millis: after end_epoch_millis.")
        }
    }
}

extension AuditLogEntryV1 {
    /// Nil for an entry that cannot be read.
    fileprivate init?(_ event: AuditEvent) {
        guard let type = AuditLogEventTypeV1(rawValue: event.type),
            case .object(var data)? = try? JSONDecoder().decode(JSONValue.self, from: Data(event.data.utf8))
        else { return nil }
        data["event_type"] = .string(event.type)
        let actorType: AuditLogActorTypeV1 =
            switch event.keyCategory {
            case nil: .basetenSystem
            case .personal: .user
            default: .apiKey
            }
        self.init(
            id: "\(event.id ?? 0)", created: WireDate(event.at), eventType: type, eventData: .object(data),
            source: event.keyPrefix == nil ? .system : .api,
            actor: AuditLogActorV1(
                type: actorType, email: event.userEmail, apiKeyPrefix: event.keyPrefix,
                apiKeyName: event.keyName),
            clientName: event.clientName, clientVersion: event.clientVersion)
    }
}
