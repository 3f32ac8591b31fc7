// A running copy of a deployment as the controller sees it.

/// Where a replica accepts connections.
public struct ReplicaEndpoint: Sendable, Hashable, Codable {
    public var host: String
    public var port: Int
    /// The process whose network namespace the address is in; nil for this machine's own network.
    public var network: NetworkOwner?

    public init(host: String, port: Int) {
        self.host = host
        self.port = port
    }

    /// A port of loopback, as the processes of another network namespace see it.
    public init(port: Int, inNetworkOf owner: NetworkOwner) {
        // Not an address: a server that does not know of namespaces must not take the port for one of its own machine.
        host = "replica"
        self.port = port
        network = owner
    }
}

/// The first process of a replica, told from later ones with the same pid by when it started.
public struct NetworkOwner: Sendable, Hashable, Codable {
    public var pid: Int32
    /// In clock ticks since boot.
    public var startTime: UInt64

    public init(pid: Int32, startTime: UInt64) {
        self.pid = pid
        self.startTime = startTime
    }
}

/// How far a replica has come, as the engine observes it.
public enum ReplicaPhase: Sendable, Equatable, Codable {
    /// Its process is being set up; nothing listens yet.
    case starting
    /// It runs; its readiness route does not answer 200 yet.
    case loading
    /// Ready for requests.
    case ready
    /// It was ready and its readiness route now fails.
    case unhealthy
    /// It ended by itself. `code` is its exit code, or 128 + the signal that ended it.
    case exited(code: Int32)
}

/// One replica of a deployment.
public struct Replica: Sendable, Equatable {
    public var id: ReplicaID
    public var deploymentID: DeploymentID
    /// What it was started from; a replica of another image than its deployment's is replaced.
    public var imageID: ImageID
    /// What it was started from before its code was changed in place; still needed.
    public var earlierImages: Set<ImageID> = []
    /// A change of its code in place was not carried through on all sides: what it runs is of no image, and it is replaced.
    public var isMixed = false
    public var phase: ReplicaPhase
    public var startedAt: Timestamp
    public var endpoint: ReplicaEndpoint?
    /// Since when it has been ready, as far as this process has seen; nil when it never was.
    public var readySince: Timestamp?
    /// Set when the controller decided to stop it: it gets no new request and ends with its last one.
    public var drainingSince: Timestamp?
    /// Why it ended or is unhealthy, in words, as far as the engine knows.
    public var reason: String?
    public var reservation: Reservation
    /// It has exited before it began, for want of something the machine may have again later.
    public var failedToStart = false

    public init(
        id: ReplicaID, deploymentID: DeploymentID, imageID: ImageID, phase: ReplicaPhase,
        startedAt: Timestamp,
        endpoint: ReplicaEndpoint? = nil, drainingSince: Timestamp? = nil,
        reservation: Reservation = Reservation()
    ) {
        self.id = id
        self.deploymentID = deploymentID
        self.imageID = imageID
        self.phase = phase
        self.startedAt = startedAt
        self.endpoint = endpoint
        self.drainingSince = drainingSince
        self.reservation = reservation
    }

    /// Whether the code of the image is what it runs.
    public func runs(_ image: ImageID) -> Bool { imageID == image && !isMixed }
}
