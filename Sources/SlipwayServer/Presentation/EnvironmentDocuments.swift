// Control plane views as the environment documents of the contract.

import SlipwayAPI
import SlipwayControl
import SlipwayCore

extension EnvironmentV1 {
    init(_ view: EnvironmentView) throws {
        let environment = view.environment
        self.init(
            name: environment.name, createdAt: WireDate(environment.createdAt),
            modelID: environment.modelID.text,
            currentDeployment: try view.current.map { try DeploymentV1($0) },
            candidateDeployment: try view.candidate.map { try DeploymentV1($0) },
            inProgressPromotion: view.promotion.map(InProgressPromotionV1.init),
            autoscalingSettings: AutoscalingSettingsV1(environment.autoscaling),
            promotionSettings: PromotionSettingsV1(redeployOnPromotion: environment.redeployOnPromotion),
            instanceType: InstanceTypeV1(view.instanceType))
    }
}

extension InProgressPromotionV1 {
    /// Promotions move all traffic in one swap, so the share is nothing before it and everything after.
    init(_ promotion: Promotion) {
        let status: InProgressPromotionStatusV1 =
            switch promotion.status {
            case .releasing: .releasing
            case .rampingUp: .rampingUp
            case .rampingDown: .rampingDown
            case .paused: .paused
            case .succeeded: .succeeded
            case .failed: .failed
            case .canceled: .canceled
            }
        self.init(
            status: status, percentTrafficToNewVersion: promotion.status == .succeeded ? 100 : 0,
            errorMessage: promotion.errorMessage, rollingDeploy: false)
    }
}
