// Slipway's own documents: what happened to an environment and to a number of replicas, and why.

/// One promotion, running or ended.
public struct PromotionRecordV1: Codable, Sendable, Equatable {
    /// The promotion's id.
    public var id: String
    /// How far it is or how it ended.
    public var status: InProgressPromotionStatusV1
    /// The deployment it brings in.
    public var candidateDeploymentID: String
    /// The deployment that served when it began.
    @Nullable public var previousDeploymentID: String?
    /// Share of the requests the candidate gets.
    public var percentTrafficToNewVersion: Int
    /// Whether replicas are exchanged step by step.
    public var rollingDeploy: Bool
    /// Why it failed.
    @Nullable public var errorMessage: String?
    /// What else is worth knowing, such as an automatic return.
    @Nullable public var note: String?
    /// While set, the previous deployment is kept ready and can come back by itself.
    @Nullable public var watchedUntil: WireDate?
    /// When it began.
    public var createdAt: WireDate
    /// When it ended; null while it runs.
    @Nullable public var endedAt: WireDate?

    public init(
        id: String, status: InProgressPromotionStatusV1, candidateDeploymentID: String,
        previousDeploymentID: String?, percentTrafficToNewVersion: Int, rollingDeploy: Bool,
        errorMessage: String?, note: String?, watchedUntil: WireDate?, createdAt: WireDate, endedAt: WireDate?
    ) {
        self.id = id
        self.status = status
        self.candidateDeploymentID = candidateDeploymentID
        self.previousDeploymentID = previousDeploymentID
        self.percentTrafficToNewVersion = percentTrafficToNewVersion
        self.rollingDeploy = rollingDeploy
        self.errorMessage = errorMessage
        self.note = note
        self.watchedUntil = watchedUntil
        self.createdAt = createdAt
        self.endedAt = endedAt
    }

    enum CodingKeys: String, CodingKey {
        case id, status, note
        case watchedUntil = "watched_until"
        case candidateDeploymentID = "candidate_deployment_id"
        case previousDeploymentID = "previous_deployment_id"
        case percentTrafficToNewVersion = "percent_traffic_to_new_version"
        case rollingDeploy = "rolling_deploy"
        case errorMessage = "error_message"
        case createdAt = "created_at"
        case endedAt = "ended_at"
    }
}

/// Promotions into an environment.
public struct PromotionRecordsV1: Codable, Sendable, Equatable {
    /// Newest first, at most 100.
    public var promotions: [PromotionRecordV1]

    public init(promotions: [PromotionRecordV1]) { self.promotions = promotions }

    enum CodingKeys: String, CodingKey {
        case promotions
    }
}

/// One decision of the autoscaler.
public struct ScalingDecisionV1: Codable, Sendable, Equatable {
    /// When it was made.
    public var decidedAt: WireDate
    /// Replicas wanted before.
    public var fromReplicas: Int
    /// Replicas wanted from then on.
    public var toReplicas: Int
    /// Why, with the numbers it came from.
    public var reason: String

    public init(decidedAt: WireDate, fromReplicas: Int, toReplicas: Int, reason: String) {
        self.decidedAt = decidedAt
        self.fromReplicas = fromReplicas
        self.toReplicas = toReplicas
        self.reason = reason
    }

    enum CodingKeys: String, CodingKey {
        case decidedAt = "decided_at"
        case fromReplicas = "from_replicas"
        case toReplicas = "to_replicas"
        case reason
    }
}

/// Decisions of the autoscaler about one deployment.
public struct ScalingDecisionsV1: Codable, Sendable, Equatable {
    /// Newest first, at most 100.
    public var decisions: [ScalingDecisionV1]

    public init(decisions: [ScalingDecisionV1]) { self.decisions = decisions }

    enum CodingKeys: String, CodingKey {
        case decisions
    }
}
