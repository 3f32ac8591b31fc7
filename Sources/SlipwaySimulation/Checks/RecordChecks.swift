// Promises about what is stored, looked at after every transaction.

import SlipwayCore
import SlipwayStore

final class RecordChecks: @unchecked Sendable {
    struct Records {
        var models: Set<ModelID> = []
        var deployments: [DeploymentID: Deployment] = [:]
        var environments: [Ledger.EnvironmentKey: Environment] = [:]
        var promotions: [PromotionID: Promotion] = [:]
        /// The newest staged patch by deployment.
        var patches: [DeploymentID: String] = [:]
    }

    private unowned let world: World
    private(set) var records = Records()
    private(set) var checks = 0
    private(set) lazy var rollouts = RolloutChecks(world: world)
    /// When each environment last got another deployment.
    private(set) var movedAt: [Ledger.EnvironmentKey: Int64] = [:]
    /// When each environment last moved away from what it had.
    private var leftAt: [Ledger.EnvironmentKey: [DeploymentID: Int64]] = [:]

    init(world: World) { self.world = world }

    /// Looks at everything as it is stored now and compares it with what was stored before and what clients were told.
    func check() {
        do {
            checks += 1
            let changed = world.database.takeChangedTables()
            if changed.contains("async_requests") { try world.queue.check() }
            guard
                !changed.isDisjoint(with: ["models", "deployments", "environments", "promotions", "patches"])
            else {
                return
            }
            let old = records
            let new = try world.database.look { try Self.read($0, changed, old) }
            world.nameNew(models: Array(new.models), deployments: Array(new.deployments.values))
            world.transitions.compare(records, new)
            compare(records, new)
            records = new
            compareWithLedger(new)
        } catch {
            world.violate(.recordIsKept, "the database cannot be read: \(error)")
        }
    }

    private static func read(
        _ db: StoreReader, _ changed: Set<String>, _ old: Records
    ) throws -> Records {
        var new = old
        if changed.contains("models") { new.models = Set(try db.models().map(\.id)) }
        if changed.contains("deployments") {
            new.deployments = Dictionary(uniqueKeysWithValues: try db.deployments().map { ($0.id, $0) })
        }
        if changed.contains("environments") {
            new.environments = Dictionary(
                uniqueKeysWithValues: try db.environments().map {
                    (.init(model: $0.modelID, name: $0.name), $0)
                })
        }
        if changed.contains("patches") {
            new.patches = try new.deployments.keys.reduce(into: [:]) { patches, id in
                patches[id] = try db.patches(of: id).last?.next_hash
            }
        }
        if changed.contains("promotions") {
            new.promotions = [:]
            for key in new.environments.keys {
                for promotion in try db.promotions(into: key.name, of: key.model, limit: 100) {
                    new.promotions[promotion.id] = promotion
                }
            }
        }
        return new
    }

    /// Whether an environment has the deployment or had it at some time since `moment`.
    func wasCurrent(_ id: DeploymentID, in key: Ledger.EnvironmentKey, since moment: Int64) -> Bool {
        records.environments[key]?.currentDeploymentID == id || leftAt[key]?[id] ?? -1 >= moment
    }

    // MARK: From one transaction to the next

    private func compare(_ old: Records, _ new: Records) {
        for id in new.promotions.keys where old.promotions[id]?.status.isTerminal ?? false {
            world.evaluated(.endIsFinal)
        }
        for (id, promotion) in new.promotions where promotion != old.promotions[id] {
            world.note(
                "promotion \(id) to \(promotion.environment) is \(promotion.status.rawValue) \(promotion.rollout.percent) %"
            )
            checkEnd(promotion, before: old.promotions[id], old, new)
        }
        for (id, deployment) in new.deployments where deployment.status != old.deployments[id]?.status {
            world.note("deployment \(id) is \(deployment.status.rawValue): \(deployment.statusReason ?? "")")
            if deployment.status == .deploying { world.evaluated(.archiveIsKept) }
            if deployment.status == .active { world.routing.checkFirst(deployment, new) }
            if deployment.statusReason?.contains("archive is gone") ?? false {
                world.violate(.archiveIsKept, "the archive of deployment \(id) was removed before its build")
            }
        }
        for (key, environment) in new.environments { checkMove(of: environment, key, old, new) }
        checkOnePerEnvironment(new)
        rollouts.check(new)
        checkSettings(new)
    }

    /// An environment's autoscaling settings and those of its deployment are one thing, but while a promotion runs.
    private func checkSettings(_ new: Records) {
        let busy = new.promotions.values.filter { !$0.status.isTerminal }
        for (key, environment) in new.environments {
            guard let id = environment.currentDeploymentID, let current = new.deployments[id],
                !busy.contains(where: { $0.concerns(id) })
            else { continue }
            world.evaluated(.settingsAgree)
            if current.autoscaling == environment.autoscaling { continue }
            world.violate(
                .settingsAgree, "\(id) has other autoscaling settings than its environment \(key.name)")
        }
    }

    /// A promotion that has ended stays as it ended, and what it says is what happened.
    private func checkEnd(_ promotion: Promotion, before: Promotion?, _ old: Records, _ new: Records) {
        if let before, before.status.isTerminal, before.status != promotion.status {
            return world.violate(
                .endIsFinal,
                "promotion \(promotion.id) ended \(before.status.rawValue) and became \(promotion.status.rawValue)"
            )
        }
        guard promotion.status.isTerminal, before.map({ !$0.status.isTerminal }) ?? true else { return }
        world.evaluated(.endIsTrue)
        let key = Ledger.EnvironmentKey(model: promotion.modelID, name: promotion.environment)
        let current = new.environments[key]?.currentDeploymentID
        if promotion.status == .succeeded {
            if current != promotion.candidateID {
                world.violate(
                    .endIsTrue,
                    "promotion \(promotion.id) says SUCCEEDED and its environment has \(current?.text ?? "nothing")"
                )
            }
        } else if current != old.environments[key]?.currentDeploymentID {
            world.violate(
                .endIsTrue,
                "promotion \(promotion.id) is \(promotion.status.rawValue) and moved its environment")
        }
    }

    private func checkMove(
        of environment: Environment, _ key: Ledger.EnvironmentKey, _ old: Records, _ new: Records
    ) {
        guard let before = old.environments[key],
            before.currentDeploymentID != environment.currentDeploymentID
        else { return }
        movedAt[key] = world.scheduler.elapsed
        if let id = before.currentDeploymentID { leftAt[key, default: [:]][id] = world.scheduler.elapsed }
        world.evaluated(.movesByPromotion)
        let moved = new.promotions.values.contains { promotion in
            promotion.modelID == key.model && promotion.environment == key.name
                && promotion.candidateID == environment.currentDeploymentID
                && promotion.status == .succeeded && old.promotions[promotion.id]?.status != .succeeded
        }
        if !moved {
            world.violate(
                .movesByPromotion, "environment \(key.name) of \(key.model) moved without a promotion")
        }
    }

    private func checkOnePerEnvironment(_ new: Records) {
        let running = new.promotions.values.filter { !$0.status.isTerminal }
        if !running.isEmpty { world.evaluated(.onePromotion) }
        let places = running.map { Ledger.EnvironmentKey(model: $0.modelID, name: $0.environment) }
        if Set(places).count != places.count {
            world.violate(.onePromotion, "an environment has two promotions")
        }
    }

    // MARK: What clients were told

    private func compareWithLedger(_ new: Records) {
        let ledger = world.ledger
        compare("model", ledger.models, has: new.models.contains)
        compare("deployment", ledger.deployments) { new.deployments[$0] != nil }
        compare("environment", ledger.environments) { new.environments[$0] != nil }
        for id in ledger.deactivated {
            world.evaluated(.deactivationIsKept)
            if let deployment = new.deployments[id], deployment.desired != .inactive {
                world.violate(
                    .deactivationIsKept,
                    "deployment \(id) was deactivated and is \(deployment.desired.rawValue)")
            }
        }
        for (model, hash) in ledger.patched {
            guard
                let development = new.deployments.values.first(where: {
                    $0.modelID == model && $0.isDevelopment
                })
            else { continue }
            world.evaluated(.patchIsKept)
            let isStaged = new.patches[development.id] == hash && !ledger.synced.contains(model)
            if development.trussHash != hash, !isStaged {
                world.violate(.patchIsKept, "patch \(hash) of \(development.id) was acknowledged and is lost")
            }
        }
        comparePromotions(new)
        for (key, allowed) in ledger.autoscaling where ledger.environments[key] == .there {
            world.evaluated(.settingsAreKept)
            guard let environment = new.environments[key], !allowed.contains(environment.autoscaling) else {
                continue
            }
            world.violate(
                .settingsAreKept,
                "environment \(key.name) of \(key.model) has lost its acknowledged autoscaling settings")
        }
    }

    /// What was promoted has a promotion, whatever it came to; what was canceled does not go on.
    private func comparePromotions(_ new: Records) {
        let byPlace = Dictionary(grouping: new.promotions.values) {
            Ledger.EnvironmentKey(model: $0.modelID, name: $0.environment)
        }
        // No more than the newest hundred are read.
        func isWhole(_ key: Ledger.EnvironmentKey) -> Bool { byPlace[key, default: []].count < 100 }
        for (key, candidates) in world.ledger.promoted where isWhole(key) {
            let known = Set(byPlace[key, default: []].map(\.candidateID))
            for id in candidates {
                world.evaluated(.promotionIsKept)
                if !known.contains(id) {
                    world.violate(
                        .promotionIsKept, "the promotion of \(id) to \(key.name) was acknowledged and is lost"
                    )
                }
            }
        }
        for (id, key) in world.ledger.canceledPromotions where isWhole(key) {
            world.evaluated(.cancellationIsKept)
            let status = new.promotions[id]?.status
            if status != .canceled {
                world.violate(
                    .cancellationIsKept, "promotion \(id) was canceled and is \(status?.rawValue ?? "gone")")
            }
        }
        for (id, key) in world.ledger.canceling where isWhole(key) {
            world.evaluated(.cancellationIsKept)
            let status = new.promotions[id]?.status
            // A candidate that fails meanwhile ends it too.
            if status != .rampingDown, status != .canceled, status != .failed {
                world.violate(
                    .cancellationIsKept,
                    "promotion \(id) was being canceled and is \(status?.rawValue ?? "gone")")
            }
        }
    }

    private func compare<Key>(
        _ what: String, _ fates: [Key: Ledger.Fate], has isThere: (Key) -> Bool
    ) {
        for (key, fate) in fates {
            if fate != .unknown { world.evaluated(.recordIsKept) }
            if fate == .there, !isThere(key) {
                world.violate(.recordIsKept, "\(what) \(key) was acknowledged and is lost")
            }
            if fate == .gone, isThere(key) {
                world.violate(.recordIsKept, "\(what) \(key) was deleted and is back")
            }
        }
    }
}
