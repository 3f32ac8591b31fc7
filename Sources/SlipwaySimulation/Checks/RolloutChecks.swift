// Promises about promotions: what serves goes on serving until they end, and a rolling one keeps its limits of replicas.

import SlipwayCore
import SlipwayGateway

final class RolloutChecks: @unchecked Sendable {
    private unowned let world: World
    private var seen: [PromotionID: Limits] = [:]
    /// Promotions whose environment has been served, and when each was first seen.
    private var served: [PromotionID: Bool] = [:]
    private var began: [PromotionID: Int64] = [:]

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
        for (id, promotion) in records.promotions where !promotion.status.isTerminal && began[id] == nil {
            began[id] = world.scheduler.elapsed
        }
        for id in began.keys where records.promotions[id]?.status.isTerminal ?? true {
            (began[id], served[id]) = (nil, nil)
        }
    }

    private func isRolling(_ promotion: Promotion) -> Bool {
        promotion.rollout.mode == .rolling && !promotion.status.isTerminal
    }

    private func checkPlan(_ promotion: Promotion, _ limits: Limits) {
        world.evaluated(.rolloutPlan)
        let rollout = promotion.rollout
        guard (0...99).contains(rollout.percent) else {
            return world.violate(
                .rolloutPlan, "promotion \(promotion.id) rolls with \(rollout.percent) % of the traffic")
        }
        // One more: either side keeps at least one replica.
        let most =
            limits.most + step(rollout.config, of: limits.most) + extra(rollout.config, limits.most) + 1
        let planned = (rollout.candidateTarget ?? 0) + (rollout.previousTarget ?? 0)
        if planned > most {
            world.violate(
                .rolloutPlan, "promotion \(promotion.id) plans \(planned) replicas, more than \(most)")
        }
    }

    /// What serves, looked at with every table that is published.
    func published(_ table: RoutingTable) {
        for id in began.keys { checkServes(id, table) }
        for (id, limits) in seen {
            guard let promotion = world.records.records.promotions[id],
                let (sides, ready) = sides(of: promotion, table)
            else { continue }
            if ready >= limits.fewest { seen[id]?.wasComplete = true }
            let surges = promotion.rollout.config.maxSurgePercent > 0
            let least = max(
                1, limits.fewest - (surges ? 0 : step(promotion.rollout.config, of: limits.fewest)))
            guard limits.wasComplete, !isExcused(promotion, sides) else { continue }
            world.evaluated(.rolloutServes)
            if ready < least {
                world.violate(
                    .rolloutServes, "promotion \(id) has \(ready) replicas that serve, fewer than \(least)")
            }
        }
    }

    /// In every mode: an environment that serves as its promotion runs is not put to sleep meanwhile.
    private func checkServes(_ id: PromotionID, _ table: RoutingTable) {
        guard let promotion = world.records.records.promotions[id],
            let (sides, ready) = sides(of: promotion, table)
        else { return }
        if ready > 0 { served[id] = true }
        guard served[id] == true, !isExcused(promotion, sides) else { return }
        world.evaluated(.rolloutServes)
        if ready == 0 {
            world.violate(.rolloutServes, "promotion \(id) has 0 replicas that serve, fewer than 1")
        }
    }

    private func sides(
        of promotion: Promotion, _ table: RoutingTable
    ) -> (sides: [DeploymentID], ready: Int)? {
        guard let previous = promotion.previousID else { return nil }
        let sides = [promotion.candidateID, previous]
        return (sides, sides.reduce(0) { $0 + (table.deployments[$1]?.replicas.count ?? 0) })
    }

    /// Something went wrong with either side since the promotion began. Or there was no room for both: then what
    /// nobody calls goes to sleep after its usual delay, so that its successor can start, and requests that come
    /// meanwhile are held.
    private func isExcused(_ promotion: Promotion, _ sides: [DeploymentID]) -> Bool {
        sides.contains { world.hasExcuse($0, since: 0) } || world.hasExcuse(promotion.modelID, since: 0)
            || !world.isSteady || world.machine.wasFull(since: began[promotion.id] ?? 0)
    }

    private func step(_ config: RollingConfig, of total: Int) -> Int {
        max(1, share(max(config.maxSurgePercent, config.maxUnavailablePercent), of: total))
    }

    private func extra(_ config: RollingConfig, _ total: Int) -> Int {
        share(config.replicaOverheadPercent, of: total)
    }

    private func share(_ percent: Int, of total: Int) -> Int { (total * percent + 99) / 100 }
}
