// After a promotion with a watch: keeps the way back open, and takes it when the new deployment turns out bad.

import SlipwayCore
import SlipwayGateway
import SlipwayStore

extension Controller {
    func stepWatches() async throws {
        let watches = records.watches
        let known = Set(watches.map(\.id))
        watchStarts = watchStarts.filter { known.contains($0.key) }
        guard !watches.isEmpty else { return }
        let (now, wall) = (dependencies.now(), dependencies.wallNow)
        let load = gateway.load(of: Set(watches.map(\.candidateID)))
        for watched in watches {
            let counts = load[watched.candidateID] ?? DeploymentLoad()
            let start = watchStarts[watched.id] ?? counts
            watchStarts[watched.id] = start
            let wanted = scalers[watched.candidateID]?.target ?? 1
            let view = WatchView(
                candidate: records.deployments[watched.candidateID],
                previous: watched.previousID.flatMap { records.deployments[$0] },
                requests: counts.answered - start.answered, failures: counts.failed - start.failed)
            // Most passes find nothing to do, and ask the store nothing.
            guard watched.judge(view, now: now) != .goOn else { continue }
            let verdict = try await store.write { db in
                try PromotionDriver.judge(
                    watched.id, requests: view.requests, failures: view.failures, in: db, now: now, wall: wall
                )
            }
            guard verdict != .goOn else { continue }
            if case .giveBack(let reason) = verdict, let previous = watched.previousID {
                scalers[previous] = AutoscalerState(target: max(wanted, 1))
                log(
                    "\(watched.environment) goes back to deployment \(previous): \(reason)", .error,
                    of: watched.candidateID)
            }
            inbox.ring()
        }
    }
}

extension WatchView {
    init(candidate: Deployment?, previous: Deployment?, requests: Int, failures: Int) {
        self.init(
            candidate: candidate.map {
                CandidateView(status: $0.status, statusReason: $0.statusReason, readyReplicas: 0)
            },
            hasWayBack: previous.map { $0.status.canServe } ?? false, requests: requests, failures: failures)
    }
}

extension PromotionDriver {
    /// Decides about a watched promotion and carries the decision out.
    static func judge(
        _ id: PromotionID, requests: Int, failures: Int, in db: StoreWriter, now: Timestamp, wall: Timestamp
    ) throws -> WatchVerdict {
        guard var promotion = try db.promotion(id), promotion.isWatched else { return .goOn }
        guard let environment = try db.environment(promotion.environment, of: promotion.modelID) else {
            promotion.endWatch()
            try db.update(promotion)
            return .keep
        }
        let previous = try promotion.previousID.flatMap { try db.deployment($0) }
        let candidate = try db.deployment(promotion.candidateID)
        let verdict = promotion.judge(
            WatchView(candidate: candidate, previous: previous, requests: requests, failures: failures),
            now: now)
        switch verdict {
        case .goOn: break
        case .keep: try endWatch(of: environment, keeping: nil, in: db, now)
        case .giveBack(let reason):
            promotion.endWatch(note: "Given back: \(reason)")
            try db.update(promotion)
            if let previous { try giveBack(promotion, environment, to: previous, reason, in: db, now, wall) }
        }
        return verdict
    }

    private static func giveBack(
        _ promotion: Promotion, _ environment: Environment, to previous: Deployment, _ reason: String,
        in db: StoreWriter, _ now: Timestamp, _ wall: Timestamp
    ) throws {
        var random = Randomness()
        let id = PromotionID.random(length: IdentifierLength.other, using: &random)
        guard let back = promotion.givenBack(id: id, reason: reason, at: now) else { return }
        try db.insert(back)
        var environment = environment
        var previous = previous
        environment.currentDeploymentID = previous.id
        previous.autoscaling = environment.effectiveAutoscaling(at: wall)
        previous.desired = .running
        try db.update(environment)
        try db.update(previous)
        if let model = try db.model(promotion.modelID) {
            try db.record(.promoted(previous, model, to: environment.name), by: nil, at: now)
        }
        if promotion.scaleDownPrevious {
            try cleanUp(promotion.candidateID, after: environment, in: db, now)
        }
    }

    /// Ends the watch of an environment, if one is open, and cleans up what it kept.
    /// - Parameter kept: a deployment that is about to be promoted again.
    static func endWatch(
        of environment: Environment, keeping kept: DeploymentID?, in db: StoreWriter, _ now: Timestamp
    ) throws {
        for var watched in try db.watchedPromotions()
        where watched.environment == environment.name && watched.modelID == environment.modelID {
            watched.endWatch()
            try db.update(watched)
            guard watched.scaleDownPrevious, let previous = watched.previousID, previous != kept else {
                continue
            }
            try cleanUp(previous, after: environment, in: db, now)
        }
    }
}
