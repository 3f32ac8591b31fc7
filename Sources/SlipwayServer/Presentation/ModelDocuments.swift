// Control plane views as the model and deployment documents of the contract.

import SlipwayAPI
import SlipwayControl
import SlipwayCore

extension ModelV1 {
    init(_ view: ModelView) {
        self.init(
            id: view.model.id.text, createdAt: WireDate(view.model.createdAt), name: view.model.name,
            deploymentsCount: view.deploymentsCount,
            productionDeploymentID: view.productionDeploymentID?.text,
            developmentDeploymentID: view.developmentDeploymentID?.text,
            instanceTypeName: view.instanceTypeName, teamName: view.teamName)
    }
}

extension DeploymentV1 {
    init(_ view: DeploymentView) throws {
        let deployment = view.deployment
        self.init(
            id: deployment.id.text, createdAt: WireDate(deployment.createdAt), name: deployment.name,
            modelID: deployment.modelID.text, isProduction: view.isProduction,
            isDevelopment: deployment.isDevelopment, status: DeploymentStatusV1(deployment.status),
            activeReplicaCount: view.activeReplicas,
            // Null says that the deployment has not finished deploying.
            autoscalingSettings: deployment.hasBeenActive
                ? AutoscalingSettingsV1(deployment.autoscaling) : nil,
            instanceTypeName: view.instanceType?.name, environment: view.environment,
            labels: try deployment.labelsJSON.map(JSONText.object),
            requestBackpressureSettings: RequestBackpressureSettingsV1(view.backpressure),
            statusReason: deployment.statusReason)
    }
}

extension DeploymentStatusV1 {
    init(_ status: DeploymentStatus) {
        self =
            switch status {
            case .building: .building
            case .deploying: .deploying
            case .deployFailed: .deployFailed
            case .loadingModel: .loadingModel
            case .active: .active
            case .unhealthy: .unhealthy
            case .buildFailed: .buildFailed
            case .buildStopped: .buildStopped
            case .deactivating: .deactivating
            case .inactive: .inactive
            case .failed: .failed
            case .updating: .updating
            case .scaledToZero: .scaledToZero
            case .wakingUp: .wakingUp
            }
    }
}

extension AutoscalingSettingsV1 {
    init(_ settings: AutoscalingSettings) {
        self.init(
            minReplica: settings.minReplica, maxReplica: settings.maxReplica,
            autoscalingWindow: settings.autoscalingWindow, scaleDownDelay: settings.scaleDownDelay,
            concurrencyTarget: settings.concurrencyTarget,
            targetUtilizationPercentage: settings.targetUtilizationPercentage,
            targetInFlightTokens: settings.targetInFlightTokens, maxScaleDownRate: settings.maxScaleDownRate)
    }
}

extension InstanceTypeV1 {
    init(_ type: InstanceType) {
        self.init(
            id: type.id, name: type.name, memoryLimitMiB: type.memoryMiB, millicpuLimit: type.millicpu,
            gpuCount: type.gpuCount, gpuType: type.gpuType, gpuMemoryLimitMiB: type.gpuMemoryMiB)
    }
}

extension WireDate {
    init(_ timestamp: Timestamp) { self.init(microseconds: timestamp.microseconds) }
}

/// JSON texts the control plane keeps, to and from the contract's values.
enum JSONText {
    static func object(_ text: String) throws -> [String: JSONValue] {
        try WireJSON.decode([String: JSONValue].self, from: Array(text.utf8))
    }

    static func text(_ object: [String: JSONValue]) throws -> String {
        String(decoding: try WireJSON.encode(object), as: UTF8.self)
    }
}
