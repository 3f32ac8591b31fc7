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

struct DeploymentRecord: Codable, FetchableRecord, PersistableRecord, PartialRecord {
    static let databaseTableName = "deployments"
    static let columns = [
        "id", "model_id", "name", "created_at", "is_development", "archive_key", "raw_config", "config_json",
        "instance_type_id", "status", "status_reason", "status_since", "desired", "image_id", "autoscaling",
        "has_been_active", "labels_json", "deploy_timeout_seconds", "deploy_started_at",
        "source_deployment_id", "truss_hash", "truss_signature", "allows_download", "backpressure",
    ]
    static var databaseSelection: [any SQLSelectable] { columns.map { Column($0) } }

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
    var backpressure: BackpressurePolicy?

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
        backpressure = deployment.backpressure
    }

    init(row: Row) throws {
        var row = ColumnReader(row)
        id = try row.id()
        model_id = try row.id()
        name = try row.next()
        created_at = try row.time()
        is_development = try row.next()
        archive_key = try row.next()
        raw_config = try row.optional()
        config_json = try row.next()
        instance_type_id = try row.next()
        status = try row.choice()
        status_reason = try row.optional()
        status_since = try row.time()
        desired = try row.choice()
        image_id = try row.optionalID()
        autoscaling = try row.json(.autoscaling)
        has_been_active = try row.next()
        labels_json = try row.optional()
        deploy_timeout_seconds = try row.next()
        deploy_started_at = try row.optionalTime()
        source_deployment_id = try row.optionalID()
        truss_hash = try row.optional()
        truss_signature = try row.optional()
        allows_download = try row.next()
        backpressure = try row.optionalChoice()
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
        deployment.backpressure = backpressure
        return deployment
    }
}
