// How far a promotion has moved traffic and replicas (behaviour.md section 3.7). Stored with the promotion after
// every step, so that a restart goes on from there.

public enum RolloutMode: String, Sendable, Codable {
    /// All traffic moves at once when the candidate is ready.
    case swap
    /// Replicas are exchanged step by step, traffic in proportion.
    case rolling
    /// All replicas first, then traffic in ten stages.
    case rampUp
}

public struct Rollout: Sendable, Codable, Equatable {
    public var mode: RolloutMode
    /// As the environment had it when the promotion began.
    public var config: RollingConfig
    public var rampUpSeconds: Int
    /// Share of the environment's requests that the candidate gets: 0–100.
    public var percent: Int
    /// Replicas the candidate should have; nil until the first step.
    public var candidateTarget: Int?
    /// Replicas the previous deployment should have; nil leaves them to its autoscaler.
    public var previousTarget: Int?
    /// When traffic last moved.
    public var shiftedAt: Timestamp?
    /// When a replica last became ready or traffic last moved.
    public var progressedAt: Timestamp?
    /// Ready replicas of the side that grows, as of `progressedAt`.
    public var readyAtProgress: Int
    /// Asked to move everything at the next step.
    public var forcesForward: Bool
    public var gate: PromotionGate?
    /// Nil until the gate has passed.
    public var gatePassed: Bool?
    public var watch: PromotionWatch?
    /// While this is set, the way back is kept open.
    public var watchUntil: Timestamp?
    /// What it waits for now, in words; nil while it moves and once it has ended.
    public var waitsFor: String?
    /// What is worth knowing of it later, in words.
    public var note: String?

    public init(settings: PromotionSettings, mode: RolloutMode) {
        self.mode = mode
        config = settings.rolling
        rampUpSeconds = settings.rampUpSeconds
        percent = 0
        readyAtProgress = 0
        forcesForward = false
        gate = settings.gate
        watch = settings.watch
    }

    /// The mode the settings ask for; a rolling promotion needs something to roll away from.
    public static func mode(for settings: PromotionSettings, hasPrevious: Bool) -> RolloutMode {
        guard hasPrevious else { return .swap }
        return settings.rollingDeploy ? .rolling : settings.rampUp ? .rampUp : .swap
    }
}

/// What a promotion sees when it decides.
public struct PromotionView: Sendable, Equatable {
    /// Nil when the deployment is gone.
    public var candidate: CandidateView?
    /// Ready replicas of the environment's current deployment; 0 when it has none.
    public var previousReady: Int
    /// Replicas the environment's whole load calls for, both sides together; 0 when it sleeps.
    public var wantedReplicas: Int
    public var environment: AutoscalingSettings
    /// Seconds without progress after which a rollout fails.
    public var patienceSeconds: Int

    public init(
        candidate: CandidateView?, previousReady: Int, wantedReplicas: Int,
        environment: AutoscalingSettings, patienceSeconds: Int
    ) {
        self.candidate = candidate
        self.previousReady = previousReady
        self.wantedReplicas = wantedReplicas
        self.environment = environment
        self.patienceSeconds = patienceSeconds
    }
}
