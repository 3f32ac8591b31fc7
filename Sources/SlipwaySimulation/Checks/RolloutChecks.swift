// Promises about rolling promotions: how many replicas they take at most, and how many serve at least.

import SlipwayCore
import SlipwayGateway

final class RolloutChecks: @unchecked Sendable {
    private unowned let world: World
    private var seen: [PromotionID: Limits] = [:]

    /// Of the settings an environment has had since its promotion began.
    private struct Limits {
        var fewest: Int
        var most: Int
        /// Both sides together have had the fewest replicas ready.
        var wasComplete = false
    }

    init(world: World) { self.world = world }

    /// What is planned, looked at after every transaction.
    func check(_ records: RecordChecks.Records) {
        for (id, promotion) in records.promotions where isRolling(promotion) {
            let key = Ledger.EnvironmentKey(model: promotion.modelID, name: promotion.environment)
            guard let settings = records.environments[key]?.autoscaling else { continue }
            var limits = seen[id] ?? Limits(fewest: .max, most: 0)
            limits.fewest = min(limits.fewest, max(1, settings.minReplica))
            limits.most = max(limits.most, 1, settings.minReplica, settings.maxReplica)
            seen[id] = limits
            checkPlan(promotion, limits)
        }
        for id in seen.keys where records.promotions[id].map({ !isRolling($0) }) ?? true { seen[id] = nil }
    }

    private func isRolling(_ promotion: Promotion) -> Bool {
        promotion.rollout.mode == .rolling && !promotion.status.isTerminal
    }

    private func checkPlan(_ promotion: Promotion, _ limits: Limits) {
        world.evaluated(.rolloutPlan)
        let rollout = promotion.rollout
        guard (0...99).contains(rollout.percent) else {
            return world.violate("promotion \(promotion.id) rolls with \(rollout.percent) % of the traffic")
        }
        // One more: either side keeps at least one replica.
        let most =
            limits.most + step(rollout.config, of: limits.most) + extra(rollout.config, limits.most) + 1
        let planned = (rollout.candidateTarget ?? 0) + (rollout.previousTarget ?? 0)
        if planned > most {
            world.violate("promotion \(promotion.id) plans \(planned) replicas, more than \(most)")
        }
    }

    /// What serves, looked at with every table that is published.
    func published(_ table: RoutingTable) {
        for (id, limits) in seen {
            guard let promotion = world.records.records.promotions[id], let previous = promotion.previousID
            else { continue }
            let sides = [promotion.candidateID, previous]
            let ready = sides.reduce(0) { $0 + (table.deployments[$1]?.replicas.count ?? 0) }
            if ready >= limits.fewest { seen[id]?.wasComplete = true }
            let surges = promotion.rollout.config.maxSurgePercent > 0
            let least = max(
                1, limits.fewest - (surges ? 0 : step(promotion.rollout.config, of: limits.fewest)))
            // Whatever went wrong with either side since it was complete.
            guard limits.wasComplete, !sides.contains(where: { world.hasExcuse($0, since: 0) }),
                !world.hasExcuse(promotion.modelID, since: 0), world.isSteady
            else { continue }
            world.evaluated(.rolloutServes)
            if ready < least {
                world.violate("promotion \(id) has \(ready) replicas that serve, fewer than \(least)")
            }
        }
    }

    private func step(_ config: RollingConfig, of total: Int) -> Int {
        max(1, share(max(config.maxSurgePercent, config.maxUnavailablePercent), of: total))
    }

    private func extra(_ config: RollingConfig, _ total: Int) -> Int {
        share(config.replicaOverheadPercent, of: total)
    }

    private func share(_ percent: Int, of total: Int) -> Int { (total * percent + 99) / 100 }
}
