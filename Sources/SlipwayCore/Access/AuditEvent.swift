// What the audit log holds, and how it is asked.

/// One change.
public struct AuditEvent: Sendable, Codable {
    /// Set by the store, rising; nil before.
    public var id: Int64?
    public var at: Timestamp
    public var type: String
    /// A JSON object.
    public var data: String
    /// Nil for the system itself.
    public var keyPrefix: String?
    public var keyName: String?
    public var keyCategory: APIKeyCategory?
    public var userID: UserID?
    public var userEmail: String?
    public var clientName: String?
    public var clientVersion: String?
    public var modelID: ModelID?
    public var deploymentID: DeploymentID?
    public var environment: String?

    public init(at: Timestamp, type: String, data: String) {
        self.at = at
        self.type = type
        self.data = data
    }

    private enum CodingKeys: String, CodingKey {
        case id, at, type, data, environment
        case keyPrefix = "key_prefix"
        case keyName = "key_name"
        case keyCategory = "key_category"
        case userID = "user_id"
        case userEmail = "user_email"
        case clientName = "client_name"
        case clientVersion = "client_version"
        case modelID = "model_id"
        case deploymentID = "deployment_id"
    }
}

/// Which events to answer; nil and empty members do not narrow.
public struct AuditFilter: Sendable {
    public var model: ModelID?
    public var types: Set<String>?
    /// Part of a name or id in the event's data, in any case.
    public var search: String?
    public var users: [String] = []
    public var deployments: [String] = []
    public var environments: [String] = []
    /// Whether events of the system itself, and of callers, belong to it.
    public var bySystem = true
    public var byCallers = true
    public var start: Timestamp?
    public var end: Timestamp?

    public init() {}
}
