// Documents about deployments: listing, reading, renaming, deleting, and starting or stopping them.

/// Where a deployment is in its life.
public enum DeploymentStatusV1: String, Codable, Sendable, CaseIterable {
    case building = "BUILDING"
    case deploying = "DEPLOYING"
    case deployFailed = "DEPLOY_FAILED"
    case loadingModel = "LOADING_MODEL"
    case active = "ACTIVE"
    case unhealthy = "UNHEALTHY"
    case buildFailed = "BUILD_FAILED"
    case buildStopped = "BUILD_STOPPED"
    case deactivating = "DEACTIVATING"
    case inactive = "INACTIVE"
    case failed = "FAILED"
    case updating = "UPDATING"
    case scaledToZero = "SCALED_TO_ZERO"
    case wakingUp = "WAKING_UP"
}

/// One immutable version of a model, with its state and settings.
public struct DeploymentV1: Codable, Sendable, Equatable {
    /// Identifier of the deployment.
    public var id: String
    /// When the deployment was made.
    public var createdAt: WireDate
    /// Name shown to people.
    public var name: String
    /// The model it belongs to.
    public var modelID: String
    /// Whether production serves this deployment.
    public var isProduction: Bool
    /// Whether this is the development deployment of its model.
    public var isDevelopment: Bool
    /// Present state.
    public var status: DeploymentStatusV1
    /// Replicas that are ready for requests.
    public var activeReplicaCount: Int
    /// How the number of replicas follows the load; null when not known yet.
    @Nullable public var autoscalingSettings: AutoscalingSettingsV1?
    /// Name of the instance type each replica runs on.
    @Nullable public var instanceTypeName: String?
    /// The environment that serves this deployment, if any.
    @Nullable public var environment: String?
    /// Free labels given at push time.
    @Nullable public var labels: [String: JSONValue]?
    /// What becomes of requests when all replicas are busy.
    public var requestBackpressureSettings: RequestBackpressureSettingsV1
    /// Why the status is what it is; null while ACTIVE (an extension of Slipway).
    @Nullable public var statusReason: String?

    public init(
        id: String, createdAt: WireDate, name: String, modelID: String, isProduction: Bool,
        isDevelopment: Bool, status: DeploymentStatusV1, activeReplicaCount: Int,
        autoscalingSettings: AutoscalingSettingsV1?, instanceTypeName: String?, environment: String?,
        labels: [String: JSONValue]? = nil,
        requestBackpressureSettings: RequestBackpressureSettingsV1 = .init(), statusReason: String? = nil
    ) {
        self.id = id
        self.createdAt = createdAt
        self.name = name
        self.modelID = modelID
        self.isProduction = isProduction
        self.isDevelopment = isDevelopment
        self.status = status
        self.activeReplicaCount = activeReplicaCount
        self.autoscalingSettings = autoscalingSettings
        self.instanceTypeName = instanceTypeName
        self.environment = environment
        self.labels = labels
        self.requestBackpressureSettings = requestBackpressureSettings
        self.statusReason = statusReason
    }

    enum CodingKeys: String, CodingKey {
        case id, name, status, environment, labels
        case createdAt = "created_at"
        case requestBackpressureSettings = "request_backpressure_settings"
        case statusReason = "status_reason"
        case modelID = "model_id"
        case isProduction = "is_production"
        case isDevelopment = "is_development"
        case activeReplicaCount = "active_replica_count"
        case autoscalingSettings = "autoscaling_settings"
        case instanceTypeName = "instance_type_name"
    }
}

/// The deployments of a model.
public struct DeploymentsV1: Codable, Sendable, Equatable {
    /// The deployments; the list is complete.
    public var deployments: [DeploymentV1]

    public init(deployments: [DeploymentV1]) {
        self.deployments = deployments
    }

    enum CodingKeys: String, CodingKey {
        case deployments
    }
}

/// What remains of a deleted deployment.
public struct DeploymentTombstoneV1: Codable, Sendable, Equatable {
    /// Identifier of the deleted deployment.
    public var id: String
    /// True once the deployment is gone.
    public var deleted: Bool
    /// The model it belonged to.
    public var modelID: String

    public init(id: String, deleted: Bool, modelID: String) {
        self.id = id
        self.deleted = deleted
        self.modelID = modelID
    }

    enum CodingKeys: String, CodingKey {
        case id, deleted
        case modelID = "model_id"
    }
}

/// Changes to a deployment that leave what it runs alone.
public struct UpdateDeploymentRequestV1: WireRequest {
    /// New name; null or absent leaves the old one.
    public var name: String?

    public init(name: String? = nil) {
        self.name = name
    }

    public init(reading members: MemberReader) throws(BadRequest) {
        name = try members.optionalString("name", length: 1...255)
    }

    enum CodingKeys: String, CodingKey, CaseIterable {
        case name
    }
}

/// Answer to a request to start a deployment.
public struct ActivateResponseV1: Codable, Sendable, Equatable {
    /// Whether the start was accepted.
    public var success: Bool

    public init(success: Bool = true) {
        self.success = success
    }

    enum CodingKeys: String, CodingKey {
        case success
    }
}

/// Answer to a request to stop a deployment.
public struct DeactivateResponseV1: Codable, Sendable, Equatable {
    /// Whether the stop was accepted.
    public var success: Bool

    public init(success: Bool = true) {
        self.success = success
    }

    enum CodingKeys: String, CodingKey {
        case success
    }
}

/// Answer to a request to try a failed deployment again.
public struct RetryDeploymentResponseV1: Codable, Sendable, Equatable {
    /// Whether another attempt was started.
    public var retried: Bool
    /// Why there was none, if so.
    @Nullable public var reason: String?
    /// The deployment after the call.
    public var deployment: DeploymentV1

    public init(retried: Bool, reason: String? = nil, deployment: DeploymentV1) {
        self.retried = retried
        self.reason = reason
        self.deployment = deployment
    }

    enum CodingKeys: String, CodingKey {
        case retried, reason, deployment
    }
}

/// Which forms of the configuration to answer.
public enum DeploymentConfigOutputFormat: String, Codable, Sendable, CaseIterable {
    case raw
    case parsed
    case both
}

/// The configuration a deployment was pushed with.
public struct DeploymentConfigResponseV1: Codable, Sendable, Equatable {
    /// The configuration as an object, when asked for.
    @Nullable public var config: [String: JSONValue]?
    /// The text of config.yaml as the client sent it, when asked for and kept.
    @Nullable public var rawConfig: String?

    public init(config: [String: JSONValue]? = nil, rawConfig: String? = nil) {
        self.config = config
        self.rawConfig = rawConfig
    }

    enum CodingKeys: String, CodingKey {
        case config
        case rawConfig = "raw_config"
    }
}

/// Where to fetch the pushed archive.
public struct DownloadDeploymentResponseV1: Codable, Sendable, Equatable {
    /// A signed address that stops working after a while.
    public var downloadURL: String

    public init(downloadURL: String) {
        self.downloadURL = downloadURL
    }

    enum CodingKeys: String, CodingKey {
        case downloadURL = "download_url"
    }
}
