// Settings between the documents of the contract and the core.

import SlipwayAPI
import SlipwayCore

extension PromotionSettingsV1 {
    init(_ settings: PromotionSettings) {
        self.init(
            redeployOnPromotion: settings.redeployOnPromotion, rollingDeploy: settings.rollingDeploy,
            promotionCleanupStrategy: PromotionCleanupStrategyV1(rawValue: settings.cleanup.rawValue),
            rollingDeployConfig: RollingDeployConfigV1(
                maxSurgePercent: settings.rolling.maxSurgePercent,
                maxUnavailablePercent: settings.rolling.maxUnavailablePercent,
                stabilizationTimeSeconds: settings.rolling.stabilizationSeconds,
                replicaOverheadPercent: settings.rolling.replicaOverheadPercent),
            rampUpWhilePromoting: settings.rampUp, rampUpDurationSeconds: settings.rampUpSeconds,
            slipway: PromotionSafetyV1(
                gate: settings.gate.map {
                    PromotionGateV1(url: $0.url, command: $0.command, timeoutSeconds: $0.timeoutSeconds)
                },
                watch: settings.watch.map {
                    PromotionWatchV1(
                        durationSeconds: $0.durationSeconds, maxErrorPercent: $0.maxErrorPercent,
                        minRequests: $0.minRequests)
                }))
    }
}

extension PromotionSettingsChange {
    init(_ document: UpdatePromotionSettingsV1?) {
        self.init()
        guard let document else { return }
        redeployOnPromotion = document.redeployOnPromotion
        rollingDeploy = document.rollingDeploy
        cleanup = document.promotionCleanupStrategy.flatMap { CleanupStrategy(rawValue: $0.rawValue) }
        maxSurgePercent = document.rollingDeployConfig?.maxSurgePercent
        maxUnavailablePercent = document.rollingDeployConfig?.maxUnavailablePercent
        stabilizationSeconds = document.rollingDeployConfig?.stabilizationTimeSeconds
        replicaOverheadPercent = document.rollingDeployConfig?.replicaOverheadPercent
        rampUp = document.rampUpWhilePromoting
        rampUpSeconds = document.rampUpDurationSeconds
        guard let own = document.slipway else { return }
        gate = OptionalChange(own.gate) {
            PromotionGate(url: $0.url, command: $0.command, timeoutSeconds: $0.timeoutSeconds)
        }
        watch = OptionalChange(own.watch) {
            PromotionWatch(
                durationSeconds: $0.durationSeconds, maxErrorPercent: $0.maxErrorPercent,
                minRequests: $0.minRequests)
        }
    }
}

extension OptionalChange {
    init<Document>(_ change: MemberChange<Document>, _ convert: (Document) -> Value) {
        self =
            switch change {
            case .absent: .unchanged
            case .null: .removed
            case .value(let document): .set(convert(document))
            }
    }
}

extension AutoscalingChange {
    init(_ document: UpdateAutoscalingSettingsV1?) {
        self.init()
        guard let document else { return }
        minReplica = document.minReplica
        maxReplica = document.maxReplica
        autoscalingWindow = document.autoscalingWindow
        scaleDownDelay = document.scaleDownDelay
        maxScaleDownRate = document.maxScaleDownRate
        concurrencyTarget = document.concurrencyTarget
        targetUtilizationPercentage = document.targetUtilizationPercentage
        targetInFlightTokens = document.targetInFlightTokens
    }
}

extension UpdateAutoscalingSettingsStatusV1 {
    init(_ verdict: SettingsVerdict) {
        self =
            switch verdict {
            case .accepted: .accepted
            case .queued: .queued
            case .unchanged: .unchanged
            }
    }
}
