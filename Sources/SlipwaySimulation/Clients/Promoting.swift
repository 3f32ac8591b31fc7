// Promotions and signals to them, with what their answers promise.

import SlipwayControl
import SlipwayCore

extension World {
    func promote(
        _ selector: DeploymentSelector, of model: ModelID, to environment: String, _ options: PromoteOptions,
        as who: String
    ) async -> Answer<DeploymentView> {
        let key = Ledger.EnvironmentKey(model: model, name: environment)
        let (began, deletions) = (scheduler.elapsed, ledger.deletions)
        let answer = await ask("\(who) promotes \(selector) to \(environment)") {
            try await $0.promote(selector, of: model, to: environment, options, by: $1)
        }
        if let view = answer.value, ledger.promises(key, since: deletions),
            !records.wasCurrent(view.deployment.id, in: key, since: began)
        {
            ledger.promoted[key, default: []].insert(view.deployment.id)
        }
        return answer
    }

    func signal(
        _ signal: PromotionSignal, in environment: String, of model: ModelID, as who: String
    ) async {
        let key = Ledger.EnvironmentKey(model: model, name: environment)
        let deletions = ledger.deletions
        // It takes a cancellation back, from when it is sent until it is known to be done.
        let isForward = signal == .forceRollForward
        if isForward { ledger.forwards[key, default: 0] += 1 }
        defer { if isForward { ledger.forwards[key, default: 1] -= 1 } }
        if isForward { ledger.canceling = ledger.canceling.filter { $0.value != key } }
        let answer = await ask("\(who) sends \(signal.rawValue) to \(environment)") {
            try await $0.signalPromotion(signal, in: environment, of: model, by: $1)
        }
        guard signal == .cancel || signal == .forceCancel, let promotion = answer.value,
            ledger.promises(key, since: deletions)
        else { return }
        if promotion.status == .rampingDown {
            if ledger.forwards[key, default: 0] == 0 { ledger.canceling[promotion.id] = key }
        } else {
            ledger.canceledPromotions[promotion.id] = key
        }
    }
}
