// A model, its deployments and the environments that point at them: the records the control plane keeps.

/// A named model of a team; deployments hang below it.
public struct Model: Sendable, Equatable {
    public var id: ModelID
    public var name: String
    public var teamID: TeamID
    public var createdAt: Timestamp

    public init(id: ModelID, name: String, teamID: TeamID, createdAt: Timestamp) {
        self.id = id
        self.name = name
        self.teamID = teamID
        self.createdAt = createdAt
    }
}

/// The place of a model in the list of all; it stays where it is when the model goes.
public struct ModelPlace: Sendable, Equatable {
    public var createdAt: Timestamp
    public var id: ModelID

    public init(createdAt: Timestamp, id: ModelID) {
        self.createdAt = createdAt
        self.id = id
    }
}

/// What a built deployment starts from; the engine knows what is behind the id.
public enum Image {}

/// What the user wants of a deployment, apart from how many replicas the load asks for.
public enum DesiredState: String, Sendable, Codable {
    /// At least one replica (or `minReplica`).
    case running
    /// No replica until a request, a wake call or a settings change asks for one.
    case zero
    /// Deactivated: nothing runs and nothing wakes it.
    case inactive
}

extension Deployment {
    /// While it is BUILDING: its image was lost after it had served, and is made again from the same archive.
    public var isRebuilt: Bool { imageID != nil && hasBeenActive }
}

/// One pushed (or promoted) version of a model.
public struct Deployment: Sendable, Equatable {
    public var id: DeploymentID
    public var modelID: ModelID
    public var name: String
    public var createdAt: Timestamp
    public var isDevelopment: Bool
    /// Key of the uploaded archive in the blob directory.
    public var archiveKey: String
    /// `config.yaml` as pushed, when the client sent it or the archive was read.
    public var rawConfig: String?
    /// The decoded config as JSON text.
    public var configJSON: String
    public var instanceTypeID: String
    public var status: DeploymentStatus
    /// Why the status is what it is, in words for the user; nil while ACTIVE.
    public var statusReason: String?
    public var statusSince: Timestamp
    public var desired: DesiredState
    /// Set once the build has succeeded; kept while a lost image is built again.
    public var imageID: ImageID?
    public var autoscaling: AutoscalingSettings
    /// True once a replica has been ready; the API shows autoscaling settings only from then on.
    public var hasBeenActive: Bool
    /// User labels as a JSON object's text.
    public var labelsJSON: String?
    /// Seconds from the end of the build to the first ready replica before the deployment fails.
    public var deployTimeoutSeconds: Int
    /// Start of the running deploy attempt; nil outside one.
    public var deployStartedAt: Timestamp?
    /// The deployment this one was copied from by a promotion.
    public var sourceDeploymentID: DeploymentID?
    /// Hash and signature the client computed of its Truss; the client reads them back to detect changes.
    public var trussHash: String?
    public var trussSignature: String?
    /// False when the pusher forbade downloading the archive again.
    public var allowsDownload: Bool
    /// Of a deployment that serves no environment; one that does follows its environment's.
    public var backpressure: BackpressurePolicy?

    public init(
        id: DeploymentID, modelID: ModelID, name: String, createdAt: Timestamp, isDevelopment: Bool,
        archiveKey: String, rawConfig: String?, configJSON: String, instanceTypeID: String,
        status: DeploymentStatus = .building, imageID: ImageID? = nil,
        autoscaling: AutoscalingSettings = .init(), labelsJSON: String? = nil,
        deployTimeoutSeconds: Int = 3600, sourceDeploymentID: DeploymentID? = nil,
        trussHash: String? = nil, trussSignature: String? = nil, allowsDownload: Bool = true
    ) {
        self.id = id
        self.modelID = modelID
        self.name = name
        self.createdAt = createdAt
        self.isDevelopment = isDevelopment
        self.archiveKey = archiveKey
        self.rawConfig = rawConfig
        self.configJSON = configJSON
        self.instanceTypeID = instanceTypeID
        self.status = status
        self.statusReason = nil
        self.statusSince = createdAt
        self.desired = .running
        self.imageID = imageID
        self.autoscaling = autoscaling
        self.hasBeenActive = false
        self.labelsJSON = labelsJSON
        self.deployTimeoutSeconds = deployTimeoutSeconds
        self.deployStartedAt = nil
        self.sourceDeploymentID = sourceDeploymentID
        self.trussHash = trussHash
        self.trussSignature = trussSignature
        self.allowsDownload = allowsDownload
    }
}

extension Sequence<Deployment> {
    public var oldestFirst: [Deployment] {
        sorted { ($0.createdAt, $0.id.text) < ($1.createdAt, $1.id.text) }
    }
}
