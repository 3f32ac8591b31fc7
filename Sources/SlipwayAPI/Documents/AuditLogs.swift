// Documents about the audit log.

/// What was done. The public contract has no words for those in `Self.extensions`: they are told only to clients that
/// ask for the group SLIPWAY, since a strict client refuses a page with a type it does not know.
public enum AuditLogEventTypeV1: String, Codable, Sendable, CaseIterable {
    case modelDeployed = "MODEL_DEPLOYED"
    case modelDeploymentActivated = "MODEL_DEPLOYMENT_ACTIVATED"
    case modelDeploymentDeactivated = "MODEL_DEPLOYMENT_DEACTIVATED"
    case modelDeploymentRetried = "MODEL_DEPLOYMENT_RETRIED"
    case modelDeploymentPromoted = "MODEL_DEPLOYMENT_PROMOTED"
    case modelDeploymentAutoscalingSettingsChanged = "MODEL_DEPLOYMENT_AUTOSCALING_SETTINGS_CHANGED"
    case modelDeploymentRequestBackpressureSettingsChanged =
        "MODEL_DEPLOYMENT_REQUEST_BACKPRESSURE_SETTINGS_CHANGED"
    case modelDeploymentRenamed = "MODEL_DEPLOYMENT_RENAMED"
    case modelDeploymentDeleted = "MODEL_DEPLOYMENT_DELETED"
    case modelRenamed = "MODEL_RENAMED"
    case modelDeleted = "MODEL_DELETED"
    case replicaTerminated = "REPLICA_TERMINATED"
    case secretUpdated = "SECRET_UPDATED"
    case secretDeleted = "SECRET_DELETED"
    case apiKeyCreated = "API_KEY_CREATED"
    case apiKeyDeleted = "API_KEY_DELETED"
    case userInvited = "USER_INVITED"
    case webhookSigningSecretCreated = "WEBHOOK_SIGNING_SECRET_CREATED"
    case webhookSigningSecretRotated = "WEBHOOK_SIGNING_SECRET_ROTATED"
    case environmentCreated = "ENVIRONMENT_CREATED"
    case environmentUpdated = "ENVIRONMENT_UPDATED"
    case environmentDeleted = "ENVIRONMENT_DELETED"
    case environmentGroupUpdated = "ENVIRONMENT_GROUP_UPDATED"
    case modelPromotionControlAction = "MODEL_PROMOTION_CONTROL_ACTION"

    /// Slipway's own.
    public static let extensions: [Self] = [.modelRenamed, .modelDeploymentRenamed, .environmentGroupUpdated]
    /// Those of the contract.
    public static let contract = allCases.filter { !extensions.contains($0) }
}

/// Groups of event types to filter by.
public enum AuditLogEventTypeGroupV1: String, Codable, Sendable, CaseIterable {
    case deployed = "DEPLOYED"
    case promoted = "PROMOTED"
    case activatedDeactivated = "ACTIVATED_DEACTIVATED"
    case autoscalingSettings = "AUTOSCALING_SETTINGS"
    case requestBackpressureSettings = "REQUEST_BACKPRESSURE_SETTINGS"
    case instanceTypeChanged = "INSTANCE_TYPE_CHANGED"
    case environmentSettings = "ENVIRONMENT_SETTINGS"
    case replicaTerminated = "REPLICA_TERMINATED"
    case deleted = "DELETED"
    case secrets = "SECRETS"
    case apiKeys = "API_KEYS"
    case gateway = "GATEWAY"
    case webhookSigningSecrets = "WEBHOOK_SIGNING_SECRETS"
    case userManagement = "USER_MANAGEMENT"
    case directoryGroupManagement = "DIRECTORY_GROUP_MANAGEMENT"
    case ssh = "SSH"
    /// An addition: what the contract has no type for.
    case slipway = "SLIPWAY"

    /// The types that are recorded here; none for what Slipway does not have.
    public var types: [AuditLogEventTypeV1] {
        switch self {
        case .deployed: [.modelDeployed]
        case .promoted: [.modelDeploymentPromoted, .modelPromotionControlAction]
        case .activatedDeactivated:
            [.modelDeploymentActivated, .modelDeploymentDeactivated, .modelDeploymentRetried]
        case .autoscalingSettings: [.modelDeploymentAutoscalingSettingsChanged]
        case .environmentSettings:
            [.environmentCreated, .environmentUpdated, .environmentDeleted]
        case .deleted: [.modelDeleted, .modelDeploymentDeleted, .environmentDeleted]
        case .secrets: [.secretUpdated, .secretDeleted]
        case .apiKeys: [.apiKeyCreated, .apiKeyDeleted]
        case .userManagement: [.userInvited]
        case .webhookSigningSecrets: [.webhookSigningSecretCreated, .webhookSigningSecretRotated]
        case .requestBackpressureSettings: [.modelDeploymentRequestBackpressureSettingsChanged]
        case .replicaTerminated: [.replicaTerminated]
        case .slipway: AuditLogEventTypeV1.extensions
        case .instanceTypeChanged, .gateway, .directoryGroupManagement, .ssh: []
        }
    }
}

/// Surface a change was made through.
public enum AuditLogSourceV1: String, Codable, Sendable, CaseIterable {
    case ui = "UI"
    case api = "API"
    case mcp = "MCP"
    case system = "SYSTEM"
    case other = "OTHER"
}

/// Order of answers in time.
public enum AuditLogSortDirectionV1: String, Codable, Sendable, CaseIterable {
    case desc = "DESC"
    case asc = "ASC"
}

/// Kind of actor.
public enum AuditLogActorTypeV1: String, Codable, Sendable, CaseIterable {
    case user = "USER"
    case apiKey = "API_KEY"
    case basetenUser = "BASETEN_USER"
    case basetenSystem = "BASETEN_SYSTEM"
    case tombstoneUser = "TOMBSTONE_USER"
}

/// Which entries to answer.
public struct ListAuditLogsRequestV1: WireRequest {
    public var cursor: String?
    public var limit: Int
    public var direction: AuditLogSortDirectionV1
    public var search: String?
    public var eventTypeGroups: [AuditLogEventTypeGroupV1]
    public var userIDs: [String]
    public var deploymentIDs: [String]
    public var chainDeploymentIDs: [String]
    public var environmentNames: [String]
    public var sources: [AuditLogSourceV1]
    public var startEpochMillis: Int?
    public var endEpochMillis: Int?

    public init(reading members: MemberReader) throws(BadRequest) {
        cursor = try members.optionalString("cursor", length: 1...200)
        limit = try members.optionalInteger("limit", in: 1...200) ?? 20
        direction = try members.optionalChoice("direction", as: AuditLogSortDirectionV1.self) ?? .desc
        search = try members.optionalString("search", length: 0...200)
        eventTypeGroups = try members.choices("event_type_groups")
        userIDs = try members.optionalStrings("user_ids", atMost: 100) ?? []
        deploymentIDs = try members.optionalStrings("deployment_ids", atMost: 100) ?? []
        chainDeploymentIDs = try members.optionalStrings("chain_deployment_ids", atMost: 100) ?? []
        environmentNames = try members.optionalStrings("environment_names", atMost: 100) ?? []
        sources = try members.choices("sources")
        startEpochMillis = try members.optionalInteger("start_epoch_millis")
        endEpochMillis = try members.optionalInteger("end_epoch_millis")
    }

    /// Reads the query parameters.
    ///
    /// - Throws: `BadRequest` naming the parameter that is wrong.
    public init(query: [(name: String, value: String)]) throws(BadRequest) {
        self = try RequestDecoder.decode(
            Self.self, fromQuery: query, integers: ["limit", "start_epoch_millis", "end_epoch_millis"],
            lists: [
                "event_type_groups", "user_ids", "deployment_ids", "chain_deployment_ids",
                "environment_names", "sources",
            ])
    }
}

extension MemberReader {
    /// A list whose elements are each one of the choices.
    fileprivate func choices<Choice: RawRepresentable<String> & CaseIterable>(
        _ name: String
    ) throws(BadRequest) -> [Choice] {
        var result: [Choice] = []
        for text in try optionalStrings(name, atMost: 100) ?? [] {
            guard let choice = Choice(rawValue: text) else {
                let known = Choice.allCases.map(\.rawValue).joined(separator: ", ")
                throw BadRequest("\(name): expected one of \(known)")
            }
            result.append(choice)
        }
        return result
    }
}

/// Who did it.
public struct AuditLogActorV1: Codable, Sendable, Equatable {
    public var type: AuditLogActorTypeV1
    @Nullable public var email: String?
    @Nullable public var apiKeyPrefix: String?
    @Nullable public var apiKeyName: String?

    public init(type: AuditLogActorTypeV1, email: String?, apiKeyPrefix: String?, apiKeyName: String?) {
        self.type = type
        self.email = email
        self.apiKeyPrefix = apiKeyPrefix
        self.apiKeyName = apiKeyName
    }

    enum CodingKeys: String, CodingKey {
        case type, email
        case apiKeyPrefix = "api_key_prefix"
        case apiKeyName = "api_key_name"
    }
}

/// One change.
public struct AuditLogEntryV1: Codable, Sendable, Equatable {
    public var id: String
    public var created: WireDate
    public var eventType: AuditLogEventTypeV1
    /// What was changed; which members it has depends on the type, which it repeats.
    public var eventData: JSONValue
    @Nullable public var source: AuditLogSourceV1?
    public var actor: AuditLogActorV1
    @Nullable public var clientName: String?
    @Nullable public var clientVersion: String?
    @Nullable public var clientSessionID: String?

    public init(
        id: String, created: WireDate, eventType: AuditLogEventTypeV1, eventData: JSONValue,
        source: AuditLogSourceV1?, actor: AuditLogActorV1, clientName: String?, clientVersion: String?
    ) {
        self.id = id
        self.created = created
        self.eventType = eventType
        self.eventData = eventData
        self.source = source
        self.actor = actor
        self.clientName = clientName
        self.clientVersion = clientVersion
    }

    enum CodingKeys: String, CodingKey {
        case id, created, source, actor
        case eventType = "event_type"
        case eventData = "event_data"
        case clientName = "client_name"
        case clientVersion = "client_version"
        case clientSessionID = "client_session_id"
    }
}

/// A page of the audit log.
public struct ListAuditLogsResponseV1: Codable, Sendable, Equatable {
    public var items: [AuditLogEntryV1]
    public var pagination: PaginationResponseV1

    public init(items: [AuditLogEntryV1], pagination: PaginationResponseV1) {
        self.items = items
        self.pagination = pagination
    }
}
