// Plays a load against the real core: `Autoscaler` and `Lifecycle` decide, replicas take a while to come, requests that
// find no free one wait. Where requests have tokens, a replica has room for so many of these as its target says. Steps of
// a tenth of a second; nothing here looks at a clock.

import SlipwayCore

struct Play {
    /// Seconds a prediction takes.
    static let predictionSeconds = 0.5
    /// Seconds a replica takes to become ready.
    static let startSeconds: Int64 = 15
    private static let step = 0.1

    struct Sample {
        var second: Double
        /// Requests in flight if none had to wait.
        var offered: Double
        var ready: Int
        var running: Int
        var waiting: Double
    }

    private(set) var samples: [Sample] = []
    private(set) var replicaSeconds = 0.0
    private(set) var idealReplicaSeconds = 0.0
    private(set) var requests = 0.0
    /// Seconds requests waited, all together.
    private(set) var waitedSeconds = 0.0
    private(set) var longestWait = 0.0
    private(set) var changes = 0

    private let settings: AutoscalingSettings
    private var deployment: Deployment
    private var replicas: [Replica] = []
    private var scaler: AutoscalerState
    private var history = LoadHistory(since: Timestamp(microseconds: 0))
    private var tokenHistory = LoadHistory(since: Timestamp(microseconds: 0))
    private var requestSeconds = 0.0
    private var tokenSeconds = 0.0
    private var busy = 0.0
    private var queue: [(since: Double, amount: Double)] = []
    private var started = 0
    private var lastActivity: Timestamp?

    init(_ shape: Shape, _ settings: AutoscalingSettings) {
        self.settings = settings
        scaler = AutoscalerState(target: 1)
        deployment = Deployment(
            id: DeploymentID("simulated"), modelID: ModelID("model"), name: "simulated",
            createdAt: Timestamp(microseconds: 0), isDevelopment: false, archiveKey: "", rawConfig: nil,
            configJSON: "{}", instanceTypeID: "1x2", status: .active, imageID: ImageID("image"),
            autoscaling: settings)
        deployment.hasBeenActive = true
        start(Timestamp(microseconds: 0))
        replicas[0].phase = .ready
        for tick in 0..<Int(shape.seconds / Self.step) { self.tick(tick, shape) }
    }

    private mutating func tick(_ tick: Int, _ shape: Shape) {
        let second = Double(tick) * Self.step
        let now = Timestamp(microseconds: Int64(tick) * 100_000)
        serve(shape.rate(at: second) * Self.step, shape.tokens(at: second), at: second, now)
        for index in replicas.indices
        where replicas[index].phase == .loading
            && now - replicas[index].startedAt >= .seconds(Self.startSeconds)
        {
            replicas[index].phase = .ready
        }
        if tick % 20 == 0 { decide(now) }
        if tick % 5 == 0 { reconcile(now) }
        replicaSeconds += Double(replicas.count) * Self.step
        let offered = shape.rate(at: second) * Self.predictionSeconds
        let perReplica = min(
            Double(settings.concurrencyTarget * settings.targetUtilizationPercentage) / 100,
            room(shape.tokens(at: second)))
        idealReplicaSeconds += (offered / perReplica).rounded(.up) * Self.step
        if tick % 20 == 0 {
            samples.append(
                Sample(
                    second: second, offered: offered, ready: ready, running: replicas.count,
                    waiting: queue.reduce(0) { $0 + $1.amount }))
        }
    }

    private var ready: Int { replicas.count { $0.phase == .ready && $0.drainingSince == nil } }

    /// Requests that a replica has room for.
    private func room(_ tokens: Double) -> Double {
        let most = Double(settings.concurrencyTarget)
        guard let target = settings.targetInFlightTokens, tokens > 0 else { return most }
        return min(most, Double(target) / tokens)
    }

    /// Predictions end, waiting ones and new ones begin, as a flow.
    private mutating func serve(
        _ arriving: Double, _ tokens: Double, at second: Double, _ now: Timestamp
    ) {
        busy -= busy * Self.step / Self.predictionSeconds
        requests += arriving
        if arriving > 0 { queue.append((second, arriving)) }
        var free = max(0, Double(ready) * room(tokens) - busy)
        while let first = queue.first, free > 0 {
            let taken = min(free, first.amount)
            free -= taken
            busy += taken
            waitedSeconds += taken * (second - first.since)
            longestWait = max(longestWait, second - first.since)
            if taken < first.amount { queue[0].amount -= taken } else { queue.removeFirst() }
        }
        let inFlight = busy + queue.reduce(0) { $0 + $1.amount }
        requestSeconds += inFlight * Self.step
        tokenSeconds += inFlight * tokens * Self.step
        if inFlight > 0.01 { lastActivity = now }
    }

    private mutating func decide(_ now: Timestamp) {
        history.note(requestSeconds, at: now, window: settings.autoscalingWindow)
        let load = history.average(window: settings.autoscalingWindow)
        tokenHistory.note(tokenSeconds, at: now, window: settings.autoscalingWindow)
        let tokens = tokenHistory.average(window: settings.autoscalingWindow)
        if Autoscaler.decide(&scaler, load: load, tokens: tokens, settings, now: now) != nil { changes += 1 }
    }

    private mutating func reconcile(_ now: Timestamp) {
        let inFlight = Int((busy + queue.reduce(0) { $0 + $1.amount }).rounded())
        let situation = Situation(
            replicas: replicas, lastActivity: lastActivity, requestsInFlight: inFlight,
            demanded: queue.reduce(0) { $0 + $1.amount } >= 1, scalingTarget: scaler.target,
            observedSince: Timestamp(microseconds: 0))
        let step = Lifecycle.step(deployment, situation, now: now)
        deployment = step.deployment
        for action in step.actions {
            switch action {
            case .startReplicas(let count): for _ in 0..<count { start(now) }
            case .drain(let id):
                for index in replicas.indices where replicas[index].id == id {
                    replicas[index].drainingSince = now
                }
            case .stop(let id), .discard(let id): replicas.removeAll { $0.id == id }
            case .startBuild, .cancelBuild: break
            }
        }
    }

    private mutating func start(_ now: Timestamp) {
        started += 1
        replicas.append(
            Replica(
                id: ReplicaID("r\(started)"), deploymentID: deployment.id, imageID: ImageID("image"),
                phase: .loading, startedAt: now))
    }
}
