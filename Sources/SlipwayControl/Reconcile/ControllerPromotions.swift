// Drives running promotions: the core says wait, swap or fail; each is one transaction.

import SlipwayCore
import SlipwayStore

extension Controller {
    func stepPromotions() async throws {
        let running = try await store.read { try $0.runningPromotions() }
        guard !running.isEmpty else { return }
        let now = dependencies.now()
        let ready = replicas.values.filter { $0.phase == .ready && $0.drainingSince == nil }
        for promotion in running {
            let counts = Dictionary(
                grouping: ready.filter { $0.deploymentID == promotion.candidateID }, by: \.imageID
            ).mapValues(\.count)
            try await store.write { db in
                try PromotionDriver.advance(promotion.id, readyByImage: counts, in: db, now: now)
            }
        }
    }
}

enum PromotionDriver {
    /// Decides and stores the next step of a promotion, seen from inside the transaction.
    static func advance(
        _ id: PromotionID, readyByImage: [ImageID: Int], in db: StoreWriter, now: Timestamp
    ) throws {
        guard var promotion = try db.promotion(id), !promotion.status.isTerminal,
            var environment = try db.environment(promotion.environment, of: promotion.modelID)
        else { return }
        let candidate = try db.deployment(promotion.candidateID)
        let view = candidate.map {
            CandidateView(
                status: $0.status, statusReason: $0.statusReason,
                readyReplicas: $0.imageID.flatMap { readyByImage[$0] } ?? 0)
        }
        switch promotion.nextStep(candidate: view, environment: environment.autoscaling) {
        case .wait: return
        case .fail(let reason):
            promotion.status = .failed
            promotion.errorMessage = reason
            promotion.endedAt = now
            try db.update(promotion)
            try audit("PROMOTION_FAILED", promotion, reason, in: db, now)
        case .swap:
            guard var candidate else { return }
            // The environment's settings reach the promoted deployment here, on success, and nowhere earlier.
            candidate.autoscaling = environment.autoscaling
            candidate.desired = .running
            try db.update(candidate)
            environment.currentDeploymentID = candidate.id
            try db.update(environment)
            try retirePrevious(promotion, in: db)
            promotion.status = .succeeded
            promotion.endedAt = now
            try db.update(promotion)
            try audit("PROMOTION_SUCCEEDED", promotion, nil, in: db, now)
        }
    }

    /// Scales the demoted deployment to zero unless something else still points at it.
    private static func retirePrevious(_ promotion: Promotion, in db: StoreWriter) throws {
        guard promotion.scaleDownPrevious, let id = promotion.previousID, id != promotion.candidateID,
            var previous = try db.deployment(id), previous.desired == .running,
            try !db.environments(of: promotion.modelID).contains(where: { $0.currentDeploymentID == id })
        else { return }
        previous.desired = .zero
        previous.autoscaling.minReplica = 0
        try db.update(previous)
    }

    private static func audit(
        _ kind: String, _ promotion: Promotion, _ details: String?, in db: StoreWriter, _ now: Timestamp
    ) throws {
        try db.append(
            AuditEvent(
                at: now, actor: nil, kind: kind, model: promotion.modelID, deployment: promotion.candidateID,
                details: details))
    }
}
