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
            promotionSettings: PromotionSettingsV1(environment.promotionSettings),
            instanceType: InstanceTypeV1(view.instanceType),
            requestBackpressureSettings: RequestBackpressureSettingsV1(environment.backpressure),
            autoscalingSchedules: EnvironmentAutoscalingSchedulesV1(view))
    }
}

extension InProgressPromotionV1 {
    init(_ promotion: Promotion) {
        self.init(
            status: InProgressPromotionStatusV1(promotion.status),
            percentTrafficToNewVersion: promotion.rollout.percent, errorMessage: promotion.errorMessage,
            rollingDeploy: promotion.rollout.mode == .rolling)
    }
}

extension InProgressPromotionStatusV1 {
    init(_ status: PromotionStatus) {
        self =
            switch status {
            case .releasing: .releasing
            case .rampingUp: .rampingUp
            case .rampingDown: .rampingDown
            case .paused: .paused
            case .succeeded: .succeeded
            case .failed: .failed
            case .canceled: .canceled
            }
    }
}

extension PromotionRecordV1 {
    init(_ promotion: Promotion) {
        self.init(
            id: promotion.id.text, status: InProgressPromotionStatusV1(promotion.status),
            candidateDeploymentID: promotion.candidateID.text,
            previousDeploymentID: promotion.previousID?.text,
            percentTrafficToNewVersion: promotion.rollout.percent,
            rollingDeploy: promotion.rollout.mode == .rolling, errorMessage: promotion.errorMessage,
            note: promotion.rollout.note ?? promotion.rollout.waitsFor,
            watchedUntil: promotion.rollout.watchUntil.map { WireDate($0) },
            createdAt: WireDate(promotion.createdAt), endedAt: promotion.endedAt.map { WireDate($0) })
    }
}
