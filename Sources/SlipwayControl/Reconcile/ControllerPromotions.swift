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
            let observed = PromotionObservation(
                ready: ready, wanted: promotion.previousID.flatMap { scalers[$0]?.target } ?? 0,
                shortages: shortages, now: now, wall: wall)
            guard wouldStep(promotion, observed) else { continue }
            let before = promotion
            let step = try await store.write { db in
                try PromotionDriver.advance(promotion.id, observed, in: db)
            }
            guard let (after, effect) = step else { continue }
            if effect == .runGate { runGate(of: after) }
            guard after != before else { continue }
            if after.status == .succeeded {
                // It carries the whole load from now on; its own history is too short to know that.
                scalers[after.candidateID] = AutoscalerState(target: max(observed.wanted, 1))
            }
            inbox.ring()
        }
    }

    /// Whether the records ask for anything but waiting: most passes find a promotion that waits, and ask the store nothing.
    private func wouldStep(_ promotion: Promotion, _ observed: PromotionObservation) -> Bool {
        let environments = records.environments(of: promotion.modelID)
        guard let environment = environments.first(where: { $0.name == promotion.environment }) else {
            return true
        }
        let sides = PromotionSides(
            environment: environment, candidate: records.deployments[promotion.candidateID],
            previous: promotion.previousID.flatMap { records.deployments[$0] })
        var next = promotion
        let effect = next.advance(sides.view(observed), now: observed.now)
        if effect == .runGate, gates.contains(promotion.id) { return next != promotion }
        return next != promotion || effect != .none
    }
}

/// What a step of a promotion goes by beside what is stored.
struct PromotionObservation: Sendable {
    /// Ready replicas by deployment and image.
    var ready: [DeploymentID: [ImageID: Int]]
    /// Replicas the environment's load calls for.
    var wanted: Int
    /// What deployments that should have another replica wait for.
    var shortages: [DeploymentID: String]
    var now: Timestamp
    /// The time that schedules go by.
    var wall: Timestamp
}

/// What is stored of the environment of a promotion and of both its sides.
struct PromotionSides {
    var environment: Environment
    var candidate: Deployment?
    var previous: Deployment?

    func view(_ observed: PromotionObservation) -> PromotionView {
        func readyReplicas(_ deployment: Deployment?) -> Int {
            deployment.flatMap { deployment in
                deployment.imageID.flatMap { observed.ready[deployment.id]?[$0] }
            } ?? 0
        }
        return PromotionView(
            candidate: candidate.map {
                CandidateView(
                    status: $0.status, statusReason: $0.statusReason, readyReplicas: readyReplicas($0),
                    shortage: observed.shortages[$0.id])
            },
            previousReady: readyReplicas(previous),
            wantedReplicas: previous?.desired == .running ? observed.wanted : 0,
            environment: environment.effectiveAutoscaling(at: observed.wall),
            patienceSeconds: candidate?.deployTimeoutSeconds ?? 0)
    }
}

enum PromotionDriver {
    /// Decides and stores the next step of a promotion, seen from inside the transaction.
    static func advance(
        _ id: PromotionID, _ observed: PromotionObservation, in db: StoreWriter
    ) throws -> (Promotion, PromotionEffect)? {
        guard var promotion = try db.promotion(id), !promotion.status.isTerminal,
            var environment = try db.environment(promotion.environment, of: promotion.modelID)
        else { return nil }
        let (now, wall) = (observed.now, observed.wall)
        let sides = PromotionSides(
            environment: environment, candidate: try db.deployment(promotion.candidateID),
            previous: try promotion.previousID.flatMap { try db.deployment($0) })
        let before = promotion
        let effect = promotion.advance(sides.view(observed), now: now)
        if promotion != before { try db.update(promotion) }
        switch effect {
        case .none, .runGate: break
        case .fallBack: try fallBack(promotion, in: db, at: wall)
        case .swap:
            guard var candidate = sides.candidate else { break }
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
