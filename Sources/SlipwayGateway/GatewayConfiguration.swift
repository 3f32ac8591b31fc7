// Addresses and limits of a gateway; set by the composition root, never changed while it runs.

import SlipwaySockets

public struct GatewayConfiguration: Sendable {
    /// Addresses that listeners bind to.
    public var hosts: [String]
    /// Main listener; 0 takes any free port, the same on all addresses.
    public var port: Int
    /// Inference-only listener; nil for none, 0 takes any free port.
    public var inferencePort: Int?
    /// Where the management server of this process listens, usually a Unix domain socket.
    public var managementUpstream: Endpoint
    /// Event loops, each with a thread of its own.
    public var eventLoops = 2

    /// Longest time a request is held for a replica, from its arrival.
    public var parkTimeout: Duration = .seconds(1200)
    /// Longest time a replica may take for a whole answer.
    public var predictTimeout: Duration = .seconds(1200)
    /// Largest inference request body in bytes; management has its own limits.
    public var maxBodyBytes = 100 * 1024 * 1024
    /// Largest sum of header bytes of a message. Keys, traces and cookies fit; floods do not.
    public var maxHeadBytes = 32 * 1024
    /// Largest URI in bytes.
    public var maxURIBytes = 16 * 1024
    /// Held requests per deployment: each may keep `bodyHighWater` bytes, so 1000 are some 100 MB.
    public var maxParkedPerDeployment = 1000
    /// Held requests of all deployments: some 500 MB at most.
    public var maxParked = 8000
    /// Body bytes kept while the upstream does not take them; beyond, the client is not read.
    public var bodyHighWater = 64 * 1024
    /// Bodies up to this size are kept until the response head, so that another replica can be tried.
    public var replayLimit = 64 * 1024
    /// Longest time for a TCP connection to a replica: they are near.
    public var connectTimeout: Duration = .seconds(3)
    /// From a request's first byte to the end of its head.
    public var headTimeout: Duration = .seconds(30)
    /// A replica whose connection was refused gets no new request for so long if there are others.
    public var shunTime: Duration = .seconds(1)
    /// A client connection without a request, a body without new bytes, or an answer of which the client takes no
    /// more bytes, is closed after this.
    public var clientIdleTimeout: Duration = .seconds(90)
    /// The same for a connection without a request once another process serves in this one's place.
    public var leavingIdleTimeout: Duration = .seconds(10)
    /// An unused upstream connection is closed after this; below the 5 s after which uvicorn closes its own,
    /// so that few requests meet a connection that is just being closed.
    public var upstreamIdleTimeout: Duration = .seconds(4)
    /// Connections tried for one request.
    public var maxAttempts = 16
    /// Pause once every replica has failed; it grows by half each time, up to `longestRetryPause`.
    public var firstRetryPause: Duration = .milliseconds(100)
    public var longestRetryPause: Duration = .seconds(5)

    public init(
        hosts: [String] = ["127.0.0.1"], port: Int = 8000, inferencePort: Int? = nil,
        managementUpstream: Endpoint
    ) {
        self.hosts = hosts
        self.port = port
        self.inferencePort = inferencePort
        self.managementUpstream = managementUpstream
    }
}
