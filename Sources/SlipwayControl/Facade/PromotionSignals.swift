// Cancel, pause, resume and force: stored with the promotion, carried out by its next step.

import SlipwayCore
import SlipwayStore

extension ControlPlane {
    /// - Returns: the promotion after the signal.
    /// - Throws: `ControlError.validation` when none runs or the signal does not fit it.
    @discardableResult
    public func signalPromotion(
        _ signal: PromotionSignal, in name: String, of model: ModelID, by caller: Caller
    ) async throws -> Promotion {
        let (now, wall) = (now, dependencies.wallNow)
        let promotion = try await store.write { db in
            let owner = try db.existing(model)
            _ = try db.existing(name, of: model)
            try db.requireManageable(name, of: model, by: caller)
            guard var promotion = try db.runningPromotion(into: name, of: model) else {
                throw ControlError.validation("Environment \(name) has no in progress promotion.")
            }
            do throws(SettingProblem) {
                try promotion.take(signal, now: now)
            } catch {
                throw ControlError.validation(error.description)
            }
            if PlantedBug.isPlanted(.losesCancellations), signal == .cancel { return promotion }
            try db.update(promotion)
            if promotion.status.isTerminal { try PromotionDriver.fallBack(promotion, in: db, at: wall) }
            if let candidate = try db.deployment(promotion.candidateID) {
                try db.record(.signalled(signal, candidate, owner, in: name), by: caller, at: now)
            }
            return promotion
        }
        await controller.settle()
        return promotion
    }

    /// Promotions into the environment, newest first, at most 100.
    public func promotions(into name: String, of model: ModelID) async throws -> [Promotion] {
        try await store.read { db in
            _ = try db.existing(model)
            _ = try db.existing(name, of: model)
            return try db.promotions(into: name, of: model, limit: 100)
        }
    }
}
