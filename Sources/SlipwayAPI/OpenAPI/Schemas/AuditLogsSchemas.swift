// OpenAPI schemas of the documents in Documents/AuditLogs.swift; OpenAPIDocument collects them.

extension Schema {
    static let auditLogs: [String: Schema] = [
        "AuditLogEventTypeV1": .choice(AuditLogEventTypeV1.self).described(
            "What was done. MODEL_RENAMED, MODEL_DEPLOYMENT_RENAMED and ENVIRONMENT_GROUP_UPDATED are additions to the public contract, answered only where event_type_groups names SLIPWAY."
        ),
        "AuditLogEventTypeGroupV1": .choice(AuditLogEventTypeGroupV1.self).described(
            "Groups of event types to filter by."),
        "AuditLogSourceV1": .choice(AuditLogSourceV1.self).described("Surface a change was made through."),
        "AuditLogSortDirectionV1": .choice(AuditLogSortDirectionV1.self).described("Order in time."),
        "AuditLogActorTypeV1": .choice(AuditLogActorTypeV1.self).described(
            "Kind of actor; BASETEN_SYSTEM is the platform itself."),
        "AuditLogActorV1": .object(
            "Who did it.",
            .required("type", .ref("AuditLogActorTypeV1"), "Kind of actor."),
            .optional("email", .string.nullable.defaulting(to: .null), "Of the user behind the key."),
            .optional("api_key_prefix", .string.nullable.defaulting(to: .null), "Of the key."),
            .optional("api_key_name", .string.nullable.defaulting(to: .null), "Of the key.")),
        "AuditLogEntryV1": .object(
            "One change.",
            .required("id", .string, "Id of the entry."),
            .required("created", .dateTime, "When it was done."),
            .required("event_type", .ref("AuditLogEventTypeV1"), "What was done."),
            .required("event_data", .freeObject, "What was changed; `event_type` says which members it has."),
            .optional(
                "source", .ref("AuditLogSourceV1").nullable.defaulting(to: .null), "Surface it came through."),
            .required("actor", .ref("AuditLogActorV1"), "Who did it."),
            .optional("client_name", .string.nullable.defaulting(to: .null), "Client program, if it told."),
            .optional("client_version", .string.nullable.defaulting(to: .null), "Its version."),
            .optional("client_session_id", .string.nullable.defaulting(to: .null), "Always null.")),
        "ListAuditLogsResponseV1": .object(
            "A page of the audit log.",
            .required("items", .array(.ref("AuditLogEntryV1")), "The entries."),
            .required("pagination", .ref("PaginationResponseV1"), "Where the next page begins.")),
    ]
}
