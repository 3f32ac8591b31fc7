// Drives running promotions: the core moves each on by a step; each step is one transaction.

import SlipwayCore
import SlipwayStore

extension Controller {
    /// Replicas that running promotions give the deployments they move between.
    func plannedReplicas() -> [DeploymentID: Int] {
        records.promotions.reduce(into: [:]) { plans, promotion in
            plans[promotion.candidateID] = promotion.rollout.candidateTarget ?? 1
            if let previous = promotion.previousID, let target = promotion.rollout.previousTarget {
                plans[previous] = target
            }
        }
        .merging(
            records.watches.compactMap { watched in
                watched.previousID.map { ($0, watched.rollout.previousTarget ?? 1) }
            }, uniquingKeysWith: { first, _ in first })
    }

    func stepPromotions() async throws {
        try await read()
        let running = records.promotions
        guard !running.isEmpty else { return }
        let (now, wall) = (dependencies.now(), dependencies.wallNow)
        let ready = Dictionary(
            grouping: replicas.values.filter { $0.phase == .ready && $0.drainingSince == nil },
            by: \.deploymentID
        ).mapValues { Dictionary(grouping: $0, by: \.imageID).mapValues(\.count) }
        for promotion in running {
            let wanted = promotion.previousID.flatMap { scalers[$0]?.target } ?? 0
            let before = promotion
            let step = try await store.write { [shortages] db in
                try PromotionDriver.advance(
                    promotion.id, ready: ready, wanted: wanted, shortages: shortages, in: db, now: now,
                    wall: wall)
            }
            guard let (after, effect) = step else { continue }
            if effect == .runGate { runGate(of: after) }
            guard after != before else { continue }
            if after.status == .succeeded {
                // It carries the whole load from now on; its own history is too short to know that.
                scalers[after.candidateID] = AutoscalerState(target: max(wanted, 1))
            }
            inbox.ring()
        }
    }
}

enum PromotionDriver {
    /// Decides and stores the next step of a promotion, seen from inside the transaction.
    /// - Parameters:
    ///   - ready: ready replicas by deployment and image.
    ///   - wanted: replicas the environment's load calls for.
    ///   - shortages: what deployments that should have another replica wait for.
    ///   - wall: the time that schedules go by.
    static func advance(
        _ id: PromotionID, ready: [DeploymentID: [ImageID: Int]], wanted: Int,
        shortages: [DeploymentID: String], in db: StoreWriter, now: Timestamp, wall: Timestamp
    ) throws -> (Promotion, PromotionEffect)? {
        guard var promotion = try db.promotion(id), !promotion.status.isTerminal,
            var environment = try db.environment(promotion.environment, of: promotion.modelID)
        else { return nil }
        func readyReplicas(_ deployment: Deployment?) -> Int {
            deployment.flatMap { deployment in
                deployment.imageID.flatMap { ready[deployment.id]?[$0] }
            } ?? 0
        }
        let candidate = try db.deployment(promotion.candidateID)
        let previous = try promotion.previousID.flatMap { try db.deployment($0) }
        let view = PromotionView(
            candidate: candidate.map {
                CandidateView(
                    status: $0.status, statusReason: $0.statusReason, readyReplicas: readyReplicas($0),
                    shortage: shortages[$0.id])
            },
            previousReady: readyReplicas(previous),
            wantedReplicas: previous?.desired == .running ? wanted : 0,
            environment: environment.effectiveAutoscaling(at: wall),
            patienceSeconds: candidate?.deployTimeoutSeconds ?? 0)
        let before = promotion
        let effect = promotion.advance(view, now: now)
        if promotion != before { try db.update(promotion) }
        switch effect {
        case .none, .runGate: break
        case .fallBack: try fallBack(promotion, in: db, at: wall)
        case .swap:
            guard var candidate else { break }
            // The environment's settings reach the promoted deployment here, on success, and nowhere earlier.
            candidate.autoscaling = environment.effectiveAutoscaling(at: wall)
            candidate.desired = .running
            try db.update(candidate)
            environment.currentDeploymentID = candidate.id
            try db.update(environment)
            if promotion.scaleDownPrevious, !promotion.isWatched, let previous = promotion.previousID {
                try cleanUp(previous, after: environment, in: db, now)
            }
        }
        return (promotion, effect)
    }

    /// What ends without a swap: a copy nobody asked for by name goes to sleep, and settings that waited for the
    /// end reach the deployment that stays.
    /// - Parameter wall: the time that schedules go by.
    static func fallBack(_ promotion: Promotion, in db: StoreWriter, at wall: Timestamp) throws {
        if promotion.candidateIsCopy, var copy = try db.deployment(promotion.candidateID),
            copy.desired == .running, !copy.status.isFailure
        {
            copy.desired = .zero
            try db.update(copy)
        }
        guard let environment = try db.environment(promotion.environment, of: promotion.modelID),
            let id = environment.currentDeploymentID, var current = try db.deployment(id),
            current.autoscaling != environment.effectiveAutoscaling(at: wall)
        else { return }
        current.autoscaling = environment.effectiveAutoscaling(at: wall)
        try db.update(current)
    }

    /// Applies the environment's cleanup strategy to the deployment it has left, unless something else still
    /// points at that.
    static func cleanUp(
        _ id: DeploymentID, after environment: Environment, in db: StoreWriter, _ now: Timestamp
    ) throws {
        guard var previous = try db.deployment(id), previous.desired != .inactive,
            try !db.environments(of: environment.modelID).contains(where: { $0.currentDeploymentID == id })
        else { return }
        switch environment.promotionSettings.cleanup {
        case .keep: return
        case .scaleToZero:
            previous.desired = .zero
            previous.autoscaling.minReplica = 0
        case .deactivate:
            previous.desired = .inactive
            previous.status = .deactivating
            previous.statusSince = now
            if let model = try db.model(previous.modelID) {
                try db.record(.deactivated(previous, model), by: nil, at: now)
            }
        }
        try db.update(previous)
    }
}
