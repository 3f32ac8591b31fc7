// Making, changing and deleting environments, and the autoscaling settings of deployments: behaviour.md sections
// 4 and 5.1. An environment's autoscaling and that of its current deployment are one setting with two doors.

import SlipwayCore
import SlipwayStore

extension ControlPlane {
    public func createEnvironment(
        _ name: String, of model: ModelID, autoscaling: AutoscalingChange, promotion: PromotionSettingsChange,
        backpressure: BackpressurePolicy? = nil, by caller: Caller
    ) async throws -> EnvironmentView {
        if let problem = Names.problem(inEnvironmentName: name) { throw ControlError.validation(problem) }
        let now = now
        let settings = try Self.checked { () throws(SettingProblem) in
            (
                try AutoscalingSettings().applying(autoscaling),
                try PromotionSettings().applying(promotion)
            )
        }
        try refuseGateCommand(of: promotion)
        let operation = try CanonicalCall(creating: name, of: model, autoscaling, promotion, backpressure)
        try await store.write { db in
            if try db.alreadyMade(operation, by: caller) != nil { return }
            let owner = try db.existing(model)
            try db.requireManageable(name, of: model, by: caller)
            guard try db.environment(name, of: model) == nil else {
                throw ControlError.validation("Model \(model) already has an environment \(name).")
            }
            let environment = Environment(
                modelID: model, name: name, createdAt: now, autoscaling: settings.0,
                promotionSettings: settings.1, backpressure: backpressure)
            try db.insert(environment)
            try db.record(.created(environment, owner), by: caller, at: now)
            try db.remember(operation, made: name, by: caller, at: now)
        }
        await controller.settle()
        return try await environment(name, of: model)
    }

    /// A gate that can never pass must not be set: promotions would fail long after it.
    private func refuseGateCommand(of change: PromotionSettingsChange) throws {
        guard case .set(let gate) = change.gate, gate.command != nil, dependencies.gateCommand == nil else {
            return
        }
        throw ControlError.validation(
            "promotion_settings.slipway.gate.command: this server has no directory of gates (--gate-dir).")
    }

    /// Changes what is named and leaves the rest.
    ///
    /// - Parameter backpressure: nil leaves it as it is.
    public func updateEnvironment(
        _ name: String, of model: ModelID, autoscaling: AutoscalingChange, promotion: PromotionSettingsChange,
        schedules: AutoscalingSchedulesChange = .init(), backpressure: BackpressurePolicy?? = nil,
        ifStill isExpected: (@Sendable (Environment) -> Bool)? = nil, by caller: Caller
    ) async throws -> SettingsVerdict {
        let (now, wall) = (now, dependencies.wallNow)
        try refuseGateCommand(of: promotion)
        let verdict = try await store.write { db in
            let owner = try db.existing(model)
            var environment = try db.existing(name, of: model)
            try db.requireManageable(name, of: model, by: caller)
            if let isExpected, !isExpected(environment) { throw ControlError.changedMeanwhile }
            let before = environment
            try Self.checked { () throws(SettingProblem) in
                environment.autoscaling = try environment.autoscaling.applying(autoscaling)
                environment.promotionSettings = try environment.promotionSettings.applying(promotion)
                environment.schedules = try environment.schedules.applying(
                    schedules, to: environment.autoscaling, knows: WallClock.knows)
            }
            if let backpressure { environment.backpressure = backpressure }
            if environment == before { return SettingsVerdict.unchanged }
            try db.update(environment)
            try db.record(.updated(environment, before: before, owner), by: caller, at: now)
            return environment.autoscaling == before.autoscaling
                && environment.schedules == before.schedules
                ? .accepted : try Self.writeThrough(environment, in: db, at: wall)
        }
        await controller.settle()
        return verdict
    }

    /// Cancels what is promoted into it; its current deployment is kept and sleeps.
    public func deleteEnvironment(_ name: String, of model: ModelID, by caller: Caller) async throws {
        let (now, wall) = (now, dependencies.wallNow)
        try await store.write { db in
            let owner = try db.existing(model)
            let environment = try db.existing(name, of: model)
            try db.requireManageable(name, of: model, by: caller)
            if name == Environment.production {
                throw ControlError.validation("The environment production cannot be deleted.")
            }
            if var promotion = try db.runningPromotion(into: name, of: model) {
                promotion.cancel(at: now)
                try db.update(promotion)
                try PromotionDriver.fallBack(promotion, in: db, at: wall)
            }
            try PromotionDriver.endWatch(of: environment, keeping: nil, in: db, now)
            try db.deleteEnvironment(name, of: model)
            if let id = environment.currentDeploymentID, var current = try db.deployment(id),
                current.desired == .running,
                try !db.environments(of: model).contains(where: { $0.currentDeploymentID == id })
            {
                current.desired = .zero
                current.autoscaling.minReplica = 0
                try db.update(current)
            }
            try db.record(.deleted(environment, owner), by: caller, at: now)
        }
        await controller.settle()
    }

    /// The door through a deployment. Of a deployment that serves an environment it changes the environment's.
    ///
    /// - Parameter expected: the settings the change was made from; nil where nobody looked at them first.
    /// - Throws: `ControlError.conflict` when the settings are others by now.
    public func updateAutoscaling(
        _ selector: DeploymentSelector, of model: ModelID, _ change: AutoscalingChange,
        ifStill expected: AutoscalingSettings? = nil, by caller: Caller
    ) async throws -> SettingsVerdict {
        let (now, wall) = (now, dependencies.wallNow)
        let verdict = try await store.write { db in
            var deployment = try db.existing(selector, of: model)
            guard let verdict = deployment.status.autoscalingVerdict else {
                throw ControlError.validation(
                    "Deployment \(deployment.id) is \(deployment.status.rawValue); its autoscaling settings cannot be changed."
                )
            }
            let environment = try db.environments(servedBy: deployment).first
            if let environment { try db.requireManageable(environment.name, of: model, by: caller) }
            let before = environment?.autoscaling ?? deployment.autoscaling
            if let expected, expected != before { throw ControlError.changedMeanwhile }
            let new = try Self.checked { () throws(SettingProblem) in
                try before.applying(change, isDevelopment: deployment.isDevelopment)
            }
            if new == before { return SettingsVerdict.unchanged }
            try db.record(
                .autoscaling(new, before: before, of: deployment, db.existing(model)), by: caller, at: now)
            if var environment {
                environment.autoscaling = new
                try Self.checked { [environment] () throws(SettingProblem) in
                    try environment.schedules.check(new, knows: WallClock.knows)
                }
                try db.update(environment)
                return try Self.writeThrough(environment, in: db, at: wall)
            }
            deployment.adopt(new)
            try db.update(deployment)
            return try db.isInPromotion(deployment) ? .queued : verdict
        }
        await controller.settle()
        return verdict
    }

    /// What becomes of requests that find every replica busy, through a deployment. Of one that serves an environment
    /// it changes the environment's.
    public func updateBackpressure(
        _ id: DeploymentID, of model: ModelID, _ policy: BackpressurePolicy?, by caller: Caller
    ) async throws -> BackpressurePolicy? {
        let now = now
        try await store.write { db in
            var deployment = try db.existing(.id(id), of: model)
            let environments = try db.environments(of: model)
            let before = deployment.backpressure(among: environments)
            if var environment = environments.first(where: { $0.currentDeploymentID == id }) {
                try db.requireManageable(environment.name, of: model, by: caller)
                environment.backpressure = policy
                try db.update(environment)
            } else {
                deployment.backpressure = policy
                try db.update(deployment)
            }
            guard before != policy else { return }
            try db.record(
                .backpressure(policy, before: before, of: deployment, db.existing(model)), by: caller, at: now
            )
        }
        await controller.settle()
        return policy
    }

    /// Decisions of the autoscaler about a deployment, newest first, at most 100.
    public func scalingDecisions(
        of id: DeploymentID, model: ModelID
    ) async throws -> [ScalingDecision] {
        try await store.read { db in
            _ = try db.existing(.id(id), of: model)
            return try db.scalingDecisions(of: id, limit: 100)
        }
    }

    /// The environment's autoscaling onto its current deployment; while a promotion runs it waits for the end.
    private static func writeThrough(
        _ environment: Environment, in db: StoreWriter, at wall: Timestamp
    ) throws -> SettingsVerdict {
        if try db.runningPromotion(into: environment.name, of: environment.modelID) != nil { return .queued }
        guard let id = environment.currentDeploymentID, var current = try db.deployment(id) else {
            return .accepted
        }
        current.adopt(environment.effectiveAutoscaling(at: wall))
        try db.update(current)
        return current.status.autoscalingVerdict ?? .accepted
    }

    private static func checked<Value>(_ body: () throws(SettingProblem) -> Value) throws -> Value {
        do throws(SettingProblem) {
            return try body()
        } catch {
            throw ControlError.validation(error.description)
        }
    }
}

extension StoreReader {
    func isInPromotion(_ deployment: Deployment) throws -> Bool {
        try runningPromotions().contains { $0.concerns(deployment.id) }
    }

    /// The environments whose current deployment it is.
    func environments(servedBy deployment: Deployment) throws -> [Environment] {
        try environments(of: deployment.modelID).filter { $0.currentDeploymentID == deployment.id }
    }
}
