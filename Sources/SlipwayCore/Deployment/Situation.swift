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
    /// Crashes that are not forgiven: the pause before the next start grows with them.
    public private(set) var count = 0
    public private(set) var lastAt: Timestamp?
    public private(set) var lastReason: String?
    /// Replicas in a row that ended, each but the first before it was ready. 0 while one is ready.
    public var failuresInARow = 0
    /// The last one that ended had served.
    private var lastHadServed = false

    public init() {}

    /// First pause before a restart; it doubles with every further crash.
    public static let firstPause: Duration = .seconds(1)
    /// The longest pause between two restarts.
    public static let longestPause: Duration = .seconds(60)
    /// So long without a crash and the count starts anew.
    public static let forgivenAfter: Duration = .seconds(120)
    /// So long a time of service forgives one crash.
    public static let servedForOne: Duration = .seconds(20)

    /// Counts a crash at `now`.
    ///
    /// - Parameter served: how long the replica had been ready; nil when it never was.
    public mutating func record(at now: Timestamp, reason: String?, served: Duration?) {
        if let lastAt, now - lastAt > Self.forgivenAfter { count = 0 }
        if let served { count -= min(count, Int(max(.zero, served) / Self.servedForOne)) }
        failuresInARow = served == nil ? failuresInARow + 1 : 1
        lastHadServed = served != nil
        count += 1
        lastAt = now
        lastReason = reason
    }

    /// Whether one start after another fails. A crash of what has served is none: requests wait for the next replica.
    public var isLoop: Bool { failuresInARow > 1 }

    /// When the next start is allowed; nil means at once.
    public var restartAllowedAt: Timestamp? {
        guard count > 0, let lastAt, count > 1 || !lastHadServed else { return nil }
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
