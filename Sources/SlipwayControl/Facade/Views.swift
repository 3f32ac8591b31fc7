// What queries answer: domain records with everything the wire documents need, no wire shapes.

import SlipwayCore

public struct ModelView: Sendable {
    public var model: Model
    public var teamName: String
    public var deploymentsCount: Int
    public var productionDeploymentID: DeploymentID?
    public var developmentDeploymentID: DeploymentID?
    /// Of the production deployment, else of the newest one; empty for a model without deployments.
    public var instanceTypeName: String
}

public struct DetailedModelView: Sendable {
    public var model: Model
    public var teamName: String
    /// Newest first.
    public var deployments: [DeploymentView]
}

public struct DeploymentView: Sendable {
    public var deployment: Deployment
    /// Ready replicas.
    public var activeReplicas: Int
    /// The environment whose current deployment this is.
    public var environment: String?
    public var instanceType: InstanceType?
    /// The policy that holds: of its environment, or its own.
    public var backpressure: BackpressurePolicy?

    public var isProduction: Bool { environment == Environment.production }
}

public struct EnvironmentView: Sendable {
    public var environment: Environment
    public var current: DeploymentView?
    public var candidate: DeploymentView?
    /// The running promotion, or the last one while its end is still worth showing.
    public var promotion: Promotion?
    public var instanceType: InstanceType
    /// Of the autoscaling schedule that holds now; nil while the own settings do.
    public var activeScheduleID: String?
}

public struct SecretView: Sendable {
    public var id: String
    public var name: String
    public var createdAt: Timestamp
    public var teamName: String
}

public struct APIKeyView: Sendable {
    public var record: APIKeyRecord
    public var teamName: String?
}

/// Names one deployment of a model the way paths do.
public enum DeploymentSelector: Sendable, Hashable {
    case id(DeploymentID)
    case development
    case production
}

/// A push, whichever door it came through. The archive is uploaded already.
public struct PushRequest: Sendable {
    public enum Target: Sendable, Equatable {
        /// Adds to the model of this name in the team, making it if need be.
        case modelNamed(String, team: TeamID?)
        case model(ModelID)
    }

    public var target: Target
    public var archiveKey: String
    public var isDevelopment: Bool
    public var deploymentName: String?
    /// Promote to this environment once it is ready.
    public var environment: String?
    public var scaleDownPrevious: Bool
    public var preserveEnvironmentInstanceType: Bool
    /// 10–1440; nil means the server's default.
    public var deployTimeoutMinutes: Int?
    public var labelsJSON: String?
    public var allowsDownload: Bool
    public var trussHash: String?
    public var trussSignature: String?
    /// The client's `config.yaml` text, when it sent it along.
    public var rawConfig: String?
    /// The client's reading of the config, as JSON, when it sent it along. The archive's config counts; no part of what
    /// makes two calls the same.
    public var configJSON: String?

    public init(
        target: Target, archiveKey: String, isDevelopment: Bool, deploymentName: String? = nil,
        environment: String? = nil, scaleDownPrevious: Bool = true,
        preserveEnvironmentInstanceType: Bool = true, deployTimeoutMinutes: Int? = nil,
        labelsJSON: String? = nil, allowsDownload: Bool = true, trussHash: String? = nil,
        trussSignature: String? = nil, rawConfig: String? = nil, configJSON: String? = nil
    ) {
        self.target = target
        self.archiveKey = archiveKey
        self.isDevelopment = isDevelopment
        self.deploymentName = deploymentName
        self.environment = environment
        self.scaleDownPrevious = scaleDownPrevious
        self.preserveEnvironmentInstanceType = preserveEnvironmentInstanceType
        self.deployTimeoutMinutes = deployTimeoutMinutes
        self.labelsJSON = labelsJSON
        self.allowsDownload = allowsDownload
        self.trussHash = trussHash
        self.trussSignature = trussSignature
        self.rawConfig = rawConfig
        self.configJSON = configJSON
    }
}

/// The options of the three promote calls.
public struct PromoteOptions: Sendable {
    public var scaleDownPrevious: Bool
    public var preserveEnvironmentInstanceType: Bool

    public init(scaleDownPrevious: Bool = true, preserveEnvironmentInstanceType: Bool = true) {
        self.scaleDownPrevious = scaleDownPrevious
        self.preserveEnvironmentInstanceType = preserveEnvironmentInstanceType
    }
}
