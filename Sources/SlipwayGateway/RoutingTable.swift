// What the gateway knows: an immutable table that the controller replaces by the next one.

import HashTreeCollections
import SlipwayCore

/// Keys, models, environments and replicas at one moment. The gateway reads it without locks and never asks
/// the control plane for more. Its maps share what two tables have in common: the next one costs what has changed.
public struct RoutingTable: Sendable {
    /// By SHA-256 (32 bytes) of the whole key text.
    public private(set) var keys: TreeDictionary<KeyDigest, APIKeyGrant> = [:]
    public private(set) var models: TreeDictionary<ModelID, ModelRoutes> = [:]
    public private(set) var deployments: TreeDictionary<DeploymentID, DeploymentRoute> = [:]
    /// Deployments that have replicas.
    public private(set) var served: Set<DeploymentID> = []
    /// Deployments whose tokens in flight are counted: usually none, which costs nothing to find out.
    public private(set) var countingTokens: Set<DeploymentID> = []

    public init(
        keys: [KeyDigest: APIKeyGrant] = [:], models: [ModelID: ModelRoutes] = [:],
        deployments: [DeploymentID: DeploymentRoute] = [:]
    ) {
        self.keys = TreeDictionary(uniqueKeysWithValues: keys.map { ($0, $1) })
        self.models = TreeDictionary(uniqueKeysWithValues: models.map { ($0, $1) })
        for route in deployments.values { set(route, for: route.deploymentID) }
    }

    public mutating func set(_ grant: APIKeyGrant?, for key: KeyDigest) { keys[key] = grant }

    /// - Returns: whether that is another route than before.
    @discardableResult
    public mutating func set(_ route: DeploymentRoute?, for id: DeploymentID) -> Bool {
        guard deployments[id] != route else { return false }
        deployments[id] = route
        served.set(id, to: route?.replicas.isEmpty == false)
        countingTokens.set(id, to: route?.targetInFlightTokens != nil)
        return true
    }

    /// Changes the routes of a model in place; nil for one that is not there, and to take it away.
    public mutating func update(_ model: ModelID, _ change: (inout ModelRoutes?) -> Void) {
        change(&models[model])
    }
}

extension Set {
    fileprivate mutating func set(_ member: Element, to isMember: Bool) {
        guard contains(member) != isMember else { return }
        if isMember { insert(member) } else { remove(member) }
    }
}

/// For the gateway of another process: a table is passed as a whole.
extension RoutingTable: Codable {
    private struct Whole: Codable {
        var keys: [KeyDigest: APIKeyGrant]
        var models: [ModelID: ModelRoutes]
        var deployments: [DeploymentID: DeploymentRoute]
    }

    public init(from decoder: any Decoder) throws {
        let whole = try Whole(from: decoder)
        self.init(keys: whole.keys, models: whole.models, deployments: whole.deployments)
    }

    public func encode(to encoder: any Encoder) throws {
        func whole<Key, Value>(_ map: TreeDictionary<Key, Value>) -> [Key: Value] {
            Dictionary(uniqueKeysWithValues: map.map { ($0.key, $0.value) })
        }
        try Whole(keys: whole(keys), models: whole(models), deployments: whole(deployments))
            .encode(to: encoder)
    }
}

/// SHA-256 of an API key's text.
public struct KeyDigest: Hashable, Sendable, Codable {
    private var words: (UInt64, UInt64, UInt64, UInt64)

    /// - Parameter bytes: 32 bytes; a digest of any other length equals none that is made from a key.
    public init(bytes: some Collection<UInt8>) {
        var padded = Array(bytes.prefix(32))
        padded.append(contentsOf: repeatElement(0, count: 32 - padded.count))
        self = padded.withUnsafeBytes { KeyDigest(digest: $0) }
    }

    /// - Parameter digest: 32 bytes.
    init(digest: UnsafeRawBufferPointer) {
        words = digest.loadUnaligned(as: (UInt64, UInt64, UInt64, UInt64).self)
    }

    public static func == (one: Self, other: Self) -> Bool {
        // All words are looked at, whichever differs first.
        let first = (one.words.0 ^ other.words.0) | (one.words.1 ^ other.words.1)
        return first | (one.words.2 ^ other.words.2) | (one.words.3 ^ other.words.3) == 0
    }

    public func hash(into hasher: inout Hasher) {
        // As good as random already.
        hasher.combine(words.0)
    }

    var bytes: [UInt8] { withUnsafeBytes(of: words, Array.init) }

    public init(from decoder: any Decoder) throws {
        self.init(bytes: try decoder.singleValueContainer().decode([UInt8].self))
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(bytes)
    }
}

/// Which deployment each name of a model stands for.
public struct ModelRoutes: Sendable, Equatable, Codable {
    public var development: DeploymentID?
    /// Current deployment by environment name; an environment without one maps to nil.
    public var environments: [String: DeploymentID?]
    /// Environments that share their requests with a candidate while a promotion moves traffic.
    public var splits: [String: TrafficSplit]
    /// Every deployment of the model, also those that are not served.
    public var deployments: TreeSet<DeploymentID>

    public init(
        development: DeploymentID? = nil, environments: [String: DeploymentID?] = [:],
        splits: [String: TrafficSplit] = [:], deployments: TreeSet<DeploymentID> = []
    ) {
        self.development = development
        self.environments = environments
        self.splits = splits
        self.deployments = deployments
    }
}

/// The part of an environment's requests that a promotion gives its candidate.
public struct TrafficSplit: Sendable, Equatable, Codable {
    public var candidate: DeploymentID
    /// 0–100.
    public var percent: Int

    public init(candidate: DeploymentID, percent: Int) {
        self.candidate = candidate
        self.percent = percent
    }
}

/// How to serve one deployment.
public struct DeploymentRoute: Sendable, Equatable, Codable {
    public var deploymentID: DeploymentID
    public var modelID: ModelID
    /// Path on the replica for `…/predict`.
    public var predictPath: String
    /// Path on the replica for `…/websocket`; nil for that of predictions.
    public var webSocketPath: String?
    public var availability: Availability
    /// Replicas that may get new requests now. Empty with `.open`: park and ask for one.
    public var replicas: [ReplicaRoute]
    /// Requests that one replica gets at once, 1 or more; what is beyond waits here. nil for no limit.
    public var concurrencyLimit: Int?
    /// Whether a request that would have to wait is answered with 529 instead.
    public var rejectsWhenFull: Bool
    /// Tokens that one replica should have in flight; nil where they are not counted.
    public var targetInFlightTokens: Int?

    public init(
        deploymentID: DeploymentID, modelID: ModelID, predictPath: String, availability: Availability,
        webSocketPath: String? = nil, replicas: [ReplicaRoute] = [], concurrencyLimit: Int? = nil,
        rejectsWhenFull: Bool = false, targetInFlightTokens: Int? = nil
    ) {
        self.deploymentID = deploymentID
        self.modelID = modelID
        self.predictPath = predictPath
        self.availability = availability
        self.webSocketPath = webSocketPath
        self.replicas = replicas
        self.concurrencyLimit = concurrencyLimit
        self.rejectsWhenFull = rejectsWhenFull
        self.targetInFlightTokens = targetInFlightTokens
    }

    public enum Availability: Sendable, Equatable, Codable {
        /// Serve, or hold the request until a replica is ready.
        case open
        /// Answer at once with this platform error.
        case refused(PlatformError)
    }
}

public struct ReplicaRoute: Sendable, Hashable, Codable {
    public var replicaID: ReplicaID
    public var endpoint: ReplicaEndpoint

    public init(replicaID: ReplicaID, endpoint: ReplicaEndpoint) {
        self.replicaID = replicaID
        self.endpoint = endpoint
    }
}

/// An error the platform itself answers on the inference plane: `{"error","error_code","detail"}`.
public struct PlatformError: Error, Sendable, Equatable, Codable {
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
