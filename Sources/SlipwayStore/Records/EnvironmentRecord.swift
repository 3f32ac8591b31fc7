// Rows of environments, their promotions and the decisions of the autoscaler.

import GRDB
import SlipwayCore

struct EnvironmentRecord: Codable, FetchableRecord, PersistableRecord, PartialRecord {
    static let databaseTableName = "environments"
    static let columns = [
        "model_id", "name", "created_at", "current_deployment_id", "autoscaling", "promotion_settings",
        "schedules", "backpressure",
    ]
    static var databaseSelection: [any SQLSelectable] { columns.map { Column($0) } }

    var model_id: ModelID
    var name: String
    var created_at: Timestamp
    var current_deployment_id: DeploymentID?
    var autoscaling: AutoscalingSettings
    var promotion_settings: PromotionSettings
    var schedules: AutoscalingSchedules
    var backpressure: BackpressurePolicy?

    init(_ environment: SlipwayCore.Environment) {
        model_id = environment.modelID
        name = environment.name
        created_at = environment.createdAt
        current_deployment_id = environment.currentDeploymentID
        autoscaling = environment.autoscaling
        promotion_settings = environment.promotionSettings
        schedules = environment.schedules
        backpressure = environment.backpressure
    }

    init(row: Row) throws {
        var row = ColumnReader(row)
        model_id = try row.id()
        name = try row.next()
        created_at = try row.time()
        current_deployment_id = try row.optionalID()
        autoscaling = try row.json(.autoscaling)
        promotion_settings = try row.json(.promotionSettings)
        schedules = try row.json(.schedules)
        backpressure = try row.optionalChoice()
    }

    var environment: SlipwayCore.Environment {
        SlipwayCore.Environment(
            modelID: model_id, name: name, createdAt: created_at, currentDeploymentID: current_deployment_id,
            autoscaling: autoscaling, promotionSettings: promotion_settings, schedules: schedules,
            backpressure: backpressure)
    }
}

struct PromotionRecord: Codable, FetchableRecord, PersistableRecord, PartialRecord {
    static let databaseTableName = "promotions"
    static let columns = [
        "id", "model_id", "environment", "candidate_id", "previous_id", "status", "error_message",
        "scale_down_previous", "candidate_is_copy", "created_at", "ended_at", "rollout", "watch_until",
    ]
    static var databaseSelection: [any SQLSelectable] { columns.map { Column($0) } }

    var id: PromotionID
    var model_id: ModelID
    var environment: String
    var candidate_id: DeploymentID
    var previous_id: DeploymentID?
    var status: PromotionStatus
    var error_message: String?
    var scale_down_previous: Bool
    var candidate_is_copy: Bool
    var created_at: Timestamp
    var ended_at: Timestamp?
    var rollout: Rollout
    /// Of the rollout, to be found by.
    var watch_until: Timestamp?

    init(_ promotion: Promotion) {
        id = promotion.id
        model_id = promotion.modelID
        environment = promotion.environment
        candidate_id = promotion.candidateID
        previous_id = promotion.previousID
        status = promotion.status
        error_message = promotion.errorMessage
        scale_down_previous = promotion.scaleDownPrevious
        candidate_is_copy = promotion.candidateIsCopy
        created_at = promotion.createdAt
        ended_at = promotion.endedAt
        rollout = promotion.rollout
        watch_until = promotion.rollout.watchUntil
    }

    init(row: Row) throws {
        var row = ColumnReader(row)
        id = try row.id()
        model_id = try row.id()
        environment = try row.next()
        candidate_id = try row.id()
        previous_id = try row.optionalID()
        status = try row.choice()
        error_message = try row.optional()
        scale_down_previous = try row.next()
        candidate_is_copy = try row.next()
        created_at = try row.time()
        ended_at = try row.optionalTime()
        rollout = try row.json(.rollouts)
        watch_until = try row.optionalTime()
    }

    var promotion: Promotion {
        var promotion = Promotion(
            id: id, modelID: model_id, environment: environment, candidateID: candidate_id,
            previousID: previous_id, scaleDownPrevious: scale_down_previous,
            candidateIsCopy: candidate_is_copy, createdAt: created_at, rollout: rollout)
        promotion.status = status
        promotion.errorMessage = error_message
        promotion.endedAt = ended_at
        return promotion
    }
}

struct ScalingDecisionRecord: Codable, FetchableRecord, PersistableRecord {
    static let databaseTableName = "scaling_decisions"
    var deployment_id: DeploymentID
    var at: Timestamp
    var from_replicas: Int
    var to_replicas: Int
    var reason: String

    init(_ decision: ScalingDecision, of deployment: DeploymentID) {
        deployment_id = deployment
        at = decision.at
        from_replicas = decision.from
        to_replicas = decision.to
        reason = decision.reason
    }

    var decision: ScalingDecision {
        ScalingDecision(at: at, from: from_replicas, to: to_replicas, reason: reason)
    }
}
