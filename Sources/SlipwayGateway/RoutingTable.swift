// What the gateway knows: an immutable snapshot the controller replaces as a whole.

import SlipwayCore

/// Keys, models, environments and replicas at one moment. The gateway reads it without locks and never asks
/// the control plane for more.
public struct RoutingTable: Sendable {
    /// By SHA-256 (32 bytes) of the whole key text.
    public var keys: [KeyDigest: APIKeyGrant]
    public var models: [ModelID: ModelRoutes]
    public var deployments: [DeploymentID: DeploymentRoute]

    public init(
        keys: [KeyDigest: APIKeyGrant] = [:], models: [ModelID: ModelRoutes] = [:],
        deployments: [DeploymentID: DeploymentRoute] = [:]
    ) {
        self.keys = keys
        self.models = models
        self.deployments = deployments
    }
}

/// SHA-256 of an API key's text.
public struct KeyDigest: Hashable, Sendable {
    public var bytes: [UInt8]
    public init(bytes: [UInt8]) { self.bytes = bytes }
}

/// Which deployment each name of a model stands for.
public struct ModelRoutes: Sendable {
    public var development: DeploymentID?
    /// Current deployment by environment name; an environment without one maps to nil.
    public var environments: [String: DeploymentID?]
    /// Environments that share their requests with a candidate while a promotion moves traffic.
    public var splits: [String: TrafficSplit]
    /// Every deployment of the model, also those that are not served.
    public var deployments: Set<DeploymentID>

    public init(
        development: DeploymentID? = nil, environments: [String: DeploymentID?] = [:],
        splits: [String: TrafficSplit] = [:], deployments: Set<DeploymentID> = []
    ) {
        self.development = development
        self.environments = environments
        self.splits = splits
        self.deployments = deployments
    }
}

/// The part of an environment's requests that a promotion gives its candidate.
public struct TrafficSplit: Sendable, Equatable {
    public var candidate: DeploymentID
    /// 0–100.
    public var percent: Int

    public init(candidate: DeploymentID, percent: Int) {
        self.candidate = candidate
        self.percent = percent
    }
}

/// How to serve one deployment.
public struct DeploymentRoute: Sendable {
    public var deploymentID: DeploymentID
    public var modelID: ModelID
    /// Path on the replica for `…/predict`.
    public var predictPath: String
    public var availability: Availability
    /// Replicas that may get new requests now. Empty with `.open`: park and ask for one.
    public var replicas: [ReplicaRoute]

    public init(
        deploymentID: DeploymentID, modelID: ModelID, predictPath: String, availability: Availability,
        replicas: [ReplicaRoute] = []
    ) {
        self.deploymentID = deploymentID
        self.modelID = modelID
        self.predictPath = predictPath
        self.availability = availability
        self.replicas = replicas
    }

    public enum Availability: Sendable, Equatable {
        /// Serve, or hold the request until a replica is ready.
        case open
        /// Answer at once with this platform error.
        case refused(PlatformError)
    }
}

public struct ReplicaRoute: Sendable, Hashable {
    public var replicaID: ReplicaID
    public var endpoint: ReplicaEndpoint

    public init(replicaID: ReplicaID, endpoint: ReplicaEndpoint) {
        self.replicaID = replicaID
        self.endpoint = endpoint
    }
}

/// An error the platform itself answers on the inference plane: `{"error","error_code","detail"}`.
public struct PlatformError: Error, Sendable, Equatable {
    public var status: Int
    /// One of the contract's codes, for example `model_does_not_exist`.
    public var code: String
    public var message: String

    public init(status: Int, code: String, message: String) {
        self.status = status
        self.code = code
        self.message = message
    }
}
