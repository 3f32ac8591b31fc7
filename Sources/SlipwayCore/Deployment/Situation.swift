// What the controller has observed about one deployment when it asks the core what to do next.

/// How far a deployment's build has come in this process.
public enum BuildObservation: Sendable, Equatable {
    /// Nothing runs: not started, or the process that ran it is gone.
    case idle
    case running
    case succeeded(ImageID)
    /// The reason is for the user.
    case failed(reason: String)
}

/// Crashes of a deployment that was up, for the restart back-off.
public struct CrashHistory: Sendable, Equatable {
    /// Crashes in a row without `Self.forgivenAfter` of health in between.
    public var count: Int
    public var lastAt: Timestamp?
    public var lastReason: String?

    public init(count: Int = 0, lastAt: Timestamp? = nil, lastReason: String? = nil) {
        self.count = count
        self.lastAt = lastAt
        self.lastReason = lastReason
    }

    /// First pause before a restart; it doubles with every further crash.
    public static let firstPause: Duration = .seconds(1)
    /// The longest pause between two restarts.
    public static let longestPause: Duration = .seconds(60)
    /// So long without a crash and the count starts anew.
    public static let forgivenAfter: Duration = .seconds(120)

    /// Counts a crash at `now`.
    public mutating func record(at now: Timestamp, reason: String?) {
        if let lastAt, now - lastAt > Self.forgivenAfter { count = 0 }
        count += 1
        lastAt = now
        lastReason = reason
    }

    /// When the next start is allowed; nil means at once.
    public var restartAllowedAt: Timestamp? {
        guard count > 0, let lastAt else { return nil }
        let doublings = min(count - 1, 10)
        let pause = min(Self.firstPause * (1 << doublings), Self.longestPause)
        return lastAt + pause
    }
}

/// One deployment as observed at a moment.
public struct Situation: Sendable {
    public var replicas: [Replica]
    /// Requests each replica still has.
    public var inFlight: [ReplicaID: Int]
    public var build: BuildObservation
    /// When the deployment last had a request or a wake call; nil if never since `observedSince`.
    public var lastActivity: Timestamp?
    /// Requests under way, held ones included.
    public var requestsInFlight: Int
    /// A request or wake call asked for a replica since the last step.
    public var demanded: Bool
    /// Replicas a running promotion gives this deployment, whatever its load; nil outside a promotion.
    public var plannedReplicas: Int?
    /// Replicas the autoscaler wants while the deployment runs; 0 until it has decided.
    public var scalingTarget: Int
    /// When the autoscaler wanted fewer replicas last: the way to zero takes a delay for every step.
    public var reducedAt: Timestamp?
    public var crashes: CrashHistory
    /// What the machine lacks for another replica, in words; nil when there is room.
    public var shortage: String?
    /// Since when this process has observed; idleness before is not counted.
    public var observedSince: Timestamp
    /// The engine does not have the deployment's image, as after a restore on another machine.
    public var imageIsMissing: Bool
    /// Why the last build of a lost image failed, while the next attempt waits; nil when none does.
    public var buildProblem: String?
    /// A promotion is about to move an environment away from it: until that has ended it stays ready to serve.
    public var isBeingReplaced: Bool

    public init(
        replicas: [Replica] = [], inFlight: [ReplicaID: Int] = [:], build: BuildObservation = .idle,
        lastActivity: Timestamp? = nil, requestsInFlight: Int = 0, demanded: Bool = false,
        plannedReplicas: Int? = nil, scalingTarget: Int = 0, reducedAt: Timestamp? = nil,
        crashes: CrashHistory = .init(),
        shortage: String? = nil, observedSince: Timestamp, imageIsMissing: Bool = false,
        buildProblem: String? = nil, isBeingReplaced: Bool = false
    ) {
        self.replicas = replicas
        self.inFlight = inFlight
        self.build = build
        self.lastActivity = lastActivity
        self.requestsInFlight = requestsInFlight
        self.demanded = demanded
        self.plannedReplicas = plannedReplicas
        self.scalingTarget = scalingTarget
        self.reducedAt = reducedAt
        self.crashes = crashes
        self.shortage = shortage
        self.observedSince = observedSince
        self.imageIsMissing = imageIsMissing
        self.buildProblem = buildProblem
        self.isBeingReplaced = isBeingReplaced
    }
}
