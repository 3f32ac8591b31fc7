// Rows of `models`, `deployments`, `environments` and `promotions`, and their way to and from the core types.

import Foundation
import GRDB
import SlipwayCore

struct ModelRecord: Codable, FetchableRecord, PersistableRecord {
    static let databaseTableName = "models"
    var id: ModelID
    var name: String
    var team_id: TeamID
    var created_at: Timestamp

    init(_ model: Model) {
        id = model.id
        name = model.name
        team_id = model.teamID
        created_at = model.createdAt
    }

    var model: Model { Model(id: id, name: name, teamID: team_id, createdAt: created_at) }
}

struct DeploymentRecord: Codable, FetchableRecord, PersistableRecord {
    static let databaseTableName = "deployments"
    var id: DeploymentID
    var model_id: ModelID
    var name: String
    var created_at: Timestamp
    var is_development: Bool
    var archive_key: String
    var raw_config: String?
    var config_json: String
    var instance_type_id: String
    var status: DeploymentStatus
    var status_reason: String?
    var status_since: Timestamp
    var desired: DesiredState
    var image_id: ImageID?
    var autoscaling: AutoscalingSettings
    var has_been_active: Bool
    var labels_json: String?
    var deploy_timeout_seconds: Int
    var deploy_started_at: Timestamp?
    var source_deployment_id: DeploymentID?
    var truss_hash: String?
    var truss_signature: String?
    var allows_download: Bool

    init(_ deployment: Deployment) {
        id = deployment.id
        model_id = deployment.modelID
        name = deployment.name
        created_at = deployment.createdAt
        is_development = deployment.isDevelopment
        archive_key = deployment.archiveKey
        raw_config = deployment.rawConfig
        config_json = deployment.configJSON
        instance_type_id = deployment.instanceTypeID
        status = deployment.status
        status_reason = deployment.statusReason
        status_since = deployment.statusSince
        desired = deployment.desired
        image_id = deployment.imageID
        autoscaling = deployment.autoscaling
        has_been_active = deployment.hasBeenActive
        labels_json = deployment.labelsJSON
        deploy_timeout_seconds = deployment.deployTimeoutSeconds
        deploy_started_at = deployment.deployStartedAt
        source_deployment_id = deployment.sourceDeploymentID
        truss_hash = deployment.trussHash
        truss_signature = deployment.trussSignature
        allows_download = deployment.allowsDownload
    }

    var deployment: Deployment {
        var deployment = Deployment(
            id: id, modelID: model_id, name: name, createdAt: created_at, isDevelopment: is_development,
            archiveKey: archive_key, rawConfig: raw_config, configJSON: config_json,
            instanceTypeID: instance_type_id, status: status, imageID: image_id, autoscaling: autoscaling,
            labelsJSON: labels_json, deployTimeoutSeconds: deploy_timeout_seconds,
            sourceDeploymentID: source_deployment_id, trussHash: truss_hash,
            trussSignature: truss_signature, allowsDownload: allows_download)
        deployment.statusReason = status_reason
        deployment.statusSince = status_since
        deployment.desired = desired
        deployment.hasBeenActive = has_been_active
        deployment.deployStartedAt = deploy_started_at
        return deployment
    }
}

struct EnvironmentRecord: Codable, FetchableRecord, PersistableRecord {
    static let databaseTableName = "environments"
    var model_id: ModelID
    var name: String
    var created_at: Timestamp
    var current_deployment_id: DeploymentID?
    var autoscaling: AutoscalingSettings
    var redeploy_on_promotion: Bool

    init(_ environment: SlipwayCore.Environment) {
        model_id = environment.modelID
        name = environment.name
        created_at = environment.createdAt
        current_deployment_id = environment.currentDeploymentID
        autoscaling = environment.autoscaling
        redeploy_on_promotion = environment.redeployOnPromotion
    }

    var environment: SlipwayCore.Environment {
        SlipwayCore.Environment(
            modelID: model_id, name: name, createdAt: created_at, currentDeploymentID: current_deployment_id,
            autoscaling: autoscaling, redeployOnPromotion: redeploy_on_promotion)
    }
}

struct PromotionRecord: Codable, FetchableRecord, PersistableRecord {
    static let databaseTableName = "promotions"
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
    }

    var promotion: Promotion {
        var promotion = Promotion(
            id: id, modelID: model_id, environment: environment, candidateID: candidate_id,
            previousID: previous_id, scaleDownPrevious: scale_down_previous,
            candidateIsCopy: candidate_is_copy, createdAt: created_at)
        promotion.status = status
        promotion.errorMessage = error_message
        promotion.endedAt = ended_at
        return promotion
    }
}
