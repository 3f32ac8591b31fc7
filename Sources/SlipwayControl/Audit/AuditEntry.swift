// Changes as the audit log tells them: types and members as in the contract's event documents.

import SlipwayAPI
import SlipwayCore
import SlipwayStore

/// One change, before it is known who made it and when.
struct AuditEntry: Sendable {
    var type: AuditLogEventTypeV1
    var members: [String: JSONValue]
    var model: ModelID?
    var deployment: DeploymentID?
    var environment: String?

    private init(_ type: AuditLogEventTypeV1, _ members: [String: JSONValue]) {
        self.type = type
        self.members = members
    }

    private init(_ type: AuditLogEventTypeV1, _ model: Model, _ members: [String: JSONValue] = [:]) {
        self.init(
            type,
            members.merging(["model_id": .string(model.id.text), "model_name": .string(model.name)]) { $1 })
        self.model = model.id
    }

    private init(
        _ type: AuditLogEventTypeV1, _ model: Model, _ deployment: Deployment,
        _ members: [String: JSONValue] = [:]
    ) {
        self.init(
            type, model,
            members.merging([
                "deployment_id": .string(deployment.id.text), "deployment_name": .string(deployment.name),
            ]) { $1 })
        self.deployment = deployment.id
    }

    private func inEnvironment(_ name: String?) -> AuditEntry {
        var entry = self
        entry.environment = name
        entry.members["environment_name"] = name.map { .string($0) } ?? .null
        return entry
    }
}

// MARK: Deployments

extension AuditEntry {
    static func deployed(
        _ deployment: Deployment, _ model: Model, environment: String?, scalesPreviousDown: Bool
    ) -> AuditEntry {
        AuditEntry(
            .modelDeployed, model, deployment,
            [
                "scale_previous_to_zero": .bool(scalesPreviousDown), "trusted": true,
                "publish": .bool(!deployment.isDevelopment),
            ]
        ).inEnvironment(environment)
    }

    static func activated(_ deployment: Deployment, _ model: Model) -> AuditEntry {
        AuditEntry(.modelDeploymentActivated, model, deployment)
    }

    static func deactivated(_ deployment: Deployment, _ model: Model) -> AuditEntry {
        AuditEntry(.modelDeploymentDeactivated, model, deployment)
    }

    static func retried(_ deployment: Deployment, _ model: Model) -> AuditEntry {
        AuditEntry(.modelDeploymentRetried, model, deployment, ["retried": true])
    }

    /// The contract has no type of its own for this.
    static func renamed(_ deployment: Deployment, _ model: Model) -> AuditEntry {
        AuditEntry(.modelDeploymentRenamed, model, deployment)
    }

    static func deleted(_ deployment: Deployment, _ model: Model) -> AuditEntry {
        AuditEntry(.modelDeploymentDeleted, model, deployment)
    }

    static func terminated(_ replica: ReplicaID, _ deployment: Deployment, _ model: Model) -> AuditEntry {
        AuditEntry(.replicaTerminated, model, deployment, ["replica_id": .string(replica.text)])
    }

    /// The contract has no type of its own for this.
    static func renamed(_ model: Model, before: String) -> AuditEntry {
        AuditEntry(.modelRenamed, model, ["previous_name": .string(before)])
    }

    static func deleted(_ model: Model) -> AuditEntry { AuditEntry(.modelDeleted, model) }

    static func autoscaling(
        _ settings: AutoscalingSettings, before: AutoscalingSettings, of deployment: Deployment,
        _ model: Model
    ) -> AuditEntry {
        var members = settings.auditMembers
        members["schedules"] = .null
        members["deployment_type"] = .string(deployment.isDevelopment ? "DEVELOPMENT" : "PUBLISHED")
        members["previous_settings"] = .object(before.auditMembers)
        return AuditEntry(.modelDeploymentAutoscalingSettingsChanged, model, deployment, members)
    }

    static func backpressure(
        _ policy: BackpressurePolicy?, before: BackpressurePolicy?, of deployment: Deployment, _ model: Model
    ) -> AuditEntry {
        AuditEntry(
            .modelDeploymentRequestBackpressureSettingsChanged, model, deployment,
            [
                "policy": policy.map { .string($0.rawValue) } ?? .null,
                "previous_policy": before.map { .string($0.rawValue) } ?? .null,
            ])
    }
}

// MARK: Environments and promotions

extension AuditEntry {
    static func promoted(_ deployment: Deployment, _ model: Model, to environment: String) -> AuditEntry {
        AuditEntry(.modelDeploymentPromoted, model, deployment, ["environment_id": .null])
            .inEnvironment(environment)
    }

    static func signalled(
        _ signal: PromotionSignal, _ candidate: Deployment, _ model: Model, in environment: String
    ) -> AuditEntry {
        AuditEntry(
            .modelPromotionControlAction, model, candidate,
            ["environment_id": .null, "action": .string(signal.rawValue)]
        ).inEnvironment(environment)
    }

    static func created(_ environment: Environment, _ model: Model) -> AuditEntry {
        var members = environment.auditMembers
        members["deployment_type"] = .null
        return AuditEntry(.environmentCreated, model, members).inEnvironment(environment.name)
    }

    static func updated(_ environment: Environment, before: Environment, _ model: Model) -> AuditEntry {
        var members = environment.auditMembers
        members["deployment_type"] = .null
        members["schedules"] = .null
        members["previous_settings"] = .object(before.auditMembers)
        return AuditEntry(.environmentUpdated, model, members).inEnvironment(environment.name)
    }

    static func deleted(_ environment: Environment, _ model: Model) -> AuditEntry {
        AuditEntry(.environmentDeleted, model).inEnvironment(environment.name)
    }
}

// MARK: The workspace

extension AuditEntry {
    /// The contract has no type of its own for this.
    static func updated(_ group: EnvironmentGroup) -> AuditEntry {
        AuditEntry(
            .environmentGroupUpdated,
            [
                "team_id": .string(group.teamID.text), "is_restricted": .bool(group.isRestricted),
                "user_ids": .array(group.userIDs.map { .string($0.text) }),
            ]
        ).inEnvironment(group.name)
    }

    static func updated(_ secret: SealedSecret) -> AuditEntry {
        AuditEntry(.secretUpdated, ["secret_id": .string(secret.id), "secret_name": .string(secret.name)])
    }

    static func deleted(_ secret: SealedSecret) -> AuditEntry {
        AuditEntry(.secretDeleted, ["secret_id": .string(secret.id), "secret_name": .string(secret.name)])
    }

    /// Let in with a key of their own, which has an event too.
    static func invited(_ user: User) -> AuditEntry {
        AuditEntry(
            .userInvited,
            ["invited_user_email": .string(user.email), "role_name": .string(user.role.rawValue)])
    }

    static func created(_ key: APIKeyRecord) -> AuditEntry { AuditEntry(.apiKeyCreated, key.auditMembers) }

    static func deleted(_ key: APIKeyRecord) -> AuditEntry { AuditEntry(.apiKeyDeleted, key.auditMembers) }

    static func webhookSecret(created id: String) -> AuditEntry {
        AuditEntry(.webhookSigningSecretCreated, ["webhook_signing_secret_id": .string(id)])
    }

    static func webhookSecret(rotated id: String) -> AuditEntry {
        AuditEntry(.webhookSigningSecretRotated, ["webhook_signing_secret_id": .string(id)])
    }
}

// MARK: Settings as members

extension AutoscalingSettings {
    fileprivate var auditMembers: [String: JSONValue] {
        [
            "min_replica": .integer(Int64(minReplica)), "max_replica": .integer(Int64(maxReplica)),
            "concurrency_target": .integer(Int64(concurrencyTarget)),
            "autoscaling_window": .integer(Int64(autoscalingWindow)),
            "scale_down_delay": .integer(Int64(scaleDownDelay)),
            "target_utilization_percentage": .integer(Int64(targetUtilizationPercentage)),
            "target_in_flight_tokens": targetInFlightTokens.map { .integer(Int64($0)) } ?? .null,
            "max_scale_down_rate": .integer(Int64(maxScaleDownRate)),
        ]
    }
}

extension Environment {
    fileprivate var auditMembers: [String: JSONValue] {
        let settings = promotionSettings
        return autoscaling.auditMembers.merging([
            "redeploy_on_promotion": .bool(settings.redeployOnPromotion),
            "rolling_deploy": .bool(settings.rollingDeploy), "rolling_deploy_strategy": "REPLICA",
            "max_unavailable_percent": .integer(Int64(settings.rolling.maxUnavailablePercent)),
            "max_surge_percent": .integer(Int64(settings.rolling.maxSurgePercent)),
            "stabilization_time_seconds": .integer(Int64(settings.rolling.stabilizationSeconds)),
            "replica_overhead_percent": .integer(Int64(settings.rolling.replicaOverheadPercent)),
            "promotion_cleanup_strategy": .string(settings.cleanup.rawValue),
            "ramp_up_while_promoting": .bool(settings.rampUp),
            "ramp_up_duration_seconds": .integer(Int64(settings.rampUpSeconds)), "ramp_up_step_size": .null,
            "request_backpressure_policy": backpressure.map { .string($0.rawValue) } ?? .null,
        ]) { $1 }
    }
}

extension APIKeyRecord {
    fileprivate var auditMembers: [String: JSONValue] {
        [
            "api_key_id": .string(prefix), "prefix": .string(prefix),
            "api_key_type": .string(grant.auditName),
        ]
    }
}

extension APIKeyGrant {
    /// AuditLogApiKeyTypeV1.
    fileprivate var auditName: String {
        switch category {
        case .personal: "PERSONAL"
        case .workspaceManageAll: "CREATOR_SERVICE_ACCOUNT"
        case .workspaceManageAPIKeys: "MANAGE_API_KEYS_SERVICE_ACCOUNT"
        case .workspaceInvoke:
            modelIDs == nil ? "INVOKE_ALL_MODELS_SERVICE_ACCOUNT" : "INVOKE_ALLOWED_MODELS_SERVICE_ACCOUNT"
        case .workspaceExportMetrics:
            modelIDs == nil
                ? "EXPORT_METRICS_ALL_MODELS_SERVICE_ACCOUNT"
                : "EXPORT_METRICS_ALLOWED_MODELS_SERVICE_ACCOUNT"
        }
    }
}
