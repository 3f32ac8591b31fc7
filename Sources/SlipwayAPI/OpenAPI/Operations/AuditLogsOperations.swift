// OpenAPI operations of the audit log; OpenAPIDocument collects them.

extension APIOperation {
    static let auditLogs: [APIOperation] = [
        .management(
            .get, "/v1/audit_logs", "getAuditLogs", "Lists changes made in the workspace.",
            query: auditQuery, answers: "ListAuditLogsResponseV1"),
        .management(
            .get, "/v1/models/{model_id}/audit_logs", "getModelAuditLogs",
            "Lists changes made to a model, also to one that was deleted.",
            query: auditQuery, answers: "ListAuditLogsResponseV1"),
    ]

    private static let auditQuery = [
        Query("cursor", .string.nullable.defaulting(to: .null), "From the page before; opaque."),
        Query("limit", .integer(1...200).nullable.defaulting(to: 20), "Most entries of a page."),
        Query(
            "direction", .ref("AuditLogSortDirectionV1").nullable.defaulting(to: "DESC"),
            "Order in time; a cursor keeps that of its first page."),
        Query(
            "search", .string.nullable.defaulting(to: .null),
            "Part of a name or id in the entry, in any case."),
        Query("event_type_groups", .array(.ref("AuditLogEventTypeGroupV1")), "Only these groups."),
        Query("user_ids", .array(.string, atMost: 100), "Only changes by these users."),
        Query("deployment_ids", .array(.string, atMost: 100), "Only changes of these deployments."),
        Query(
            "chain_deployment_ids", .array(.string, atMost: 100),
            "There are no chains: any id matches nothing."),
        Query("environment_names", .array(.string, atMost: 100), "Only changes of these environments."),
        Query("sources", .array(.ref("AuditLogSourceV1")), "Only changes through these surfaces."),
        Query("start_epoch_millis", .integer.nullable.defaulting(to: .null), "Milliseconds since 1970."),
        Query("end_epoch_millis", .integer.nullable.defaulting(to: .null), "Milliseconds since 1970."),
    ]
}
