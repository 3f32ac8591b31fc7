// How the controller and the gateway meet: the table goes in, demand and load come out.

import SlipwayCore

/// What the gateway tells the controller. Called from event loops: must return at once and never block.
public protocol DemandObserver: Sendable {
    /// A request (or wake call) found no ready replica of an open deployment.
    func demand(for deployment: DeploymentID)
    /// A connection to this replica was refused or died before an answer: it may be gone.
    func connectionFailed(replica: ReplicaID, of deployment: DeploymentID)
    /// A line for the deployment's log, for example a request that ended with an error of the platform.
    func log(_ entry: LogEntry, of deployment: DeploymentID)
}

/// Load of one deployment as of now.
public struct DeploymentLoad: Sendable, Equatable, Codable {
    /// Requests accepted and not completely answered yet, held ones included.
    public var inFlight: Int
    /// Of these, how many wait for a replica.
    public var parked: Int
    /// When the last request began or ended, or the last wake call came; nil if none since the start.
    public var lastActivity: Timestamp?
    /// Requests in flight, summed over time since the start: the average over a span is the difference of two
    /// readings by the seconds between them. Exact, not sampled.
    public var requestSeconds: Double
    /// Tokens of the requests in flight, of deployments for which they are counted: those of the prompt and those
    /// streamed so far.
    public var tokens: Int
    /// Tokens in flight, summed over time as requests are.
    public var tokenSeconds: Double
    /// Requests that were answered since the start.
    public var answered: Int
    /// Of these, the ones with a status of 500 or above.
    public var failed: Int

    public init(
        inFlight: Int = 0, parked: Int = 0, lastActivity: Timestamp? = nil, requestSeconds: Double = 0,
        tokens: Int = 0, tokenSeconds: Double = 0, answered: Int = 0, failed: Int = 0
    ) {
        self.inFlight = inFlight
        self.parked = parked
        self.lastActivity = lastActivity
        self.requestSeconds = requestSeconds
        self.tokens = tokens
        self.tokenSeconds = tokenSeconds
        self.answered = answered
        self.failed = failed
    }

    /// A server of before that hands over may not know of tokens.
    public init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        self.init(
            inFlight: try values.decode(Int.self, forKey: .inFlight),
            parked: try values.decode(Int.self, forKey: .parked),
            lastActivity: try values.decodeIfPresent(Timestamp.self, forKey: .lastActivity),
            requestSeconds: try values.decode(Double.self, forKey: .requestSeconds),
            tokens: try values.decodeIfPresent(Int.self, forKey: .tokens) ?? 0,
            tokenSeconds: try values.decodeIfPresent(Double.self, forKey: .tokenSeconds) ?? 0,
            answered: try values.decode(Int.self, forKey: .answered),
            failed: try values.decode(Int.self, forKey: .failed))
    }
}

/// The controller's side of a running gateway. All calls are cheap and may come from any thread.
public protocol GatewayControl: Sendable {
    /// Replaces the table. Requests in flight finish where they are; held requests are matched again.
    func publish(_ table: RoutingTable)
    /// Load of these deployments; one without any traffic since the start is missing.
    func load(of deployments: Set<DeploymentID>) -> [DeploymentID: DeploymentLoad]
    /// Deployments for which requests are held.
    var waiting: Set<DeploymentID> { get }
    /// Predictions that have ended since the last call; there is one taker.
    func takeTraffic() -> [DeploymentID: Traffic]
    /// Requests that a replica still has, also one that is no longer in the table.
    func inFlight(replica: ReplicaID) -> Int
}
