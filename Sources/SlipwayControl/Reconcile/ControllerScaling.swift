// Asks the autoscaler every two seconds how many replicas each running deployment should have.

import SlipwayCore
import SlipwayStore

extension Controller {
    /// Decisions kept per deployment.
    static let keptDecisions = 200

    func scale() async throws {
        let now = dependencies.now()
        if let lastScaling, now - lastScaling < Autoscaler.period { return }
        forgetDeleted()
        noteLoad(now: now)
        lastScaling = now

        let candidates = Set(records.promotions.map(\.candidateID))
        let rollouts = Dictionary(
            records.promotions.compactMap { promotion in promotion.previousID.map { ($0, promotion) } },
            uniquingKeysWith: { first, _ in first })
        var decisions: [(DeploymentID, ScalingDecision)] = []
        scalers = scalers.filter { records.awake.contains($0.key) }
        for deployment in records.awake.compactMap({ records.deployments[$0] }) {
            guard deployment.desired == .running, deployment.hasBeenActive, !deployment.status.isFailure,
                !candidates.contains(deployment.id)
            else {
                scalers[deployment.id] = nil
                continue
            }
            let settings = deployment.autoscaling
            // During a rollout both sides carry one load; its replicas are shared out by the promotion.
            let sides = [deployment.id] + [rollouts[deployment.id]?.candidateID].compactMap(\.self)
            let (load, tokens) = averages(of: sides, window: settings.autoscalingWindow)
            var state =
                scalers[deployment.id]
                ?? AutoscalerState(target: min(liveReplicas(of: deployment), settings.maxReplica))
            if let decision = Autoscaler.decide(&state, load: load, tokens: tokens, settings, now: now) {
                decisions.append((deployment.id, decision))
            }
            scalers[deployment.id] = state
        }
        try await keep(decisions.sorted { $0.0 < $1.0 })
    }

    /// Requests and tokens in flight on average, of all these deployments together.
    private func averages(of ids: [DeploymentID], window: Int) -> (requests: Double, tokens: Double) {
        ids.reduce(into: (0, 0)) { sum, id in
            sum.requests += histories[id]?.average(window: window) ?? 0
            sum.tokens += tokenHistories[id]?.average(window: window) ?? 0
        }
    }

    /// The decision to sleep or to wake up, which is the lifecycle's.
    static func decision(
        from old: Deployment, to new: Deployment, _ situation: Situation, _ now: Timestamp
    ) -> ScalingDecision? {
        let live = situation.replicas.filter { $0.drainingSince == nil && !$0.hasExited }.count
        switch (old.desired, new.desired) {
        case (.running, .zero):
            return ScalingDecision(
                at: now, from: live, to: 0, reason: "no request for \(old.autoscaling.scaleDownDelay) s")
        case (.zero, .running):
            return ScalingDecision(
                at: now, from: live, to: max(live, 1, situation.plannedReplicas ?? 0),
                reason: situation.demanded ? "a request or a wake call came" : "a promotion needs it")
        default: return nil
        }
    }

    /// What is remembered of deployments, for a server that sees many come and go.
    private func forgetDeleted() {
        let known = records.deployments
        crashes = crashes.filter { known[$0.key] != nil }
        buildDelays = buildDelays.filter { known[$0.key] != nil }
        shortages = shortages.filter { known[$0.key] != nil }
        board.forgetWork { known[$0] == nil }
    }

    private func noteLoad(now: Timestamp) {
        let last = lastScaling ?? observedSince
        for (id, load) in gateway.load(of: records.awake) {
            guard let window = records.deployments[id]?.autoscaling.autoscalingWindow else { continue }
            let new = LoadHistory(since: last)
            histories[id, default: new].note(load.requestSeconds, at: now, restingUntil: last, window: window)
            guard load.tokenSeconds > 0 else { continue }
            tokenHistories[id, default: new].note(
                load.tokenSeconds, at: now, restingUntil: last, window: window)
        }
    }

    private func liveReplicas(of deployment: Deployment) -> Int {
        guard let image = deployment.imageID else { return 0 }
        return replicas.values.count {
            $0.deploymentID == deployment.id && $0.runs(image) && $0.drainingSince == nil && !$0.hasExited
        }
    }

    private func keep(_ decisions: [(DeploymentID, ScalingDecision)]) async throws {
        guard !decisions.isEmpty else { return }
        try await store.write { db in
            for (id, decision) in decisions {
                try db.insert(decision, of: id, most: Self.keptDecisions)
            }
        }
        for (id, decision) in decisions {
            logs.append(
                LogEntry(
                    at: decision.at, "Replicas \(decision.from) → \(decision.to): \(decision.reason)",
                    level: .info),
                to: id)
        }
    }
}
