// What a promotion would do: the promotion itself, carried out in a transaction that is then taken back.

import Foundation
import SlipwayAPI
import SlipwayCore
import SlipwayStore
import SlipwayTruss

/// A promotion that was not made.
public struct PromotionPlan: Sendable {
    public enum Action: String, Sendable {
        /// The deployment is there already.
        case nothing = "NOTHING"
        /// The deployment itself moves.
        case promote = "PROMOTE"
        /// A copy of it moves.
        case copy = "COPY"
    }

    public var environment: String
    public var action: Action
    /// Why a copy is made.
    public var reason: String?
    public var source: Deployment
    public var previous: Deployment?
    public var mode: RolloutMode
    /// Replicas the candidate needs before it takes over.
    public var replicas: Int
    public var needsBuild: Bool
    /// What happens, one sentence each.
    public var steps: [String]
    public var changes: [ConfigChange]
    public var files: FileChanges
}

/// A key of the config that differs.
public struct ConfigChange: Sendable, Equatable {
    /// Keys from the root, joined by dots.
    public var path: String
    public var before: JSONValue?
    public var after: JSONValue?
}

/// Names of files of the two archives.
public struct FileChanges: Sendable, Equatable {
    public var added: [String] = []
    public var removed: [String] = []
    public var changed: [String] = []

    public var isEmpty: Bool { added.isEmpty && removed.isEmpty && changed.isEmpty }
}

extension ControlPlane {
    /// The plan of `promote` with the same arguments; nothing is changed.
    /// - Throws: the error that `promote` would throw.
    public func planPromotion(
        of selector: DeploymentSelector, of model: ModelID, to environmentName: String,
        _ options: PromoteOptions, by caller: Caller
    ) async throws -> PromotionPlan {
        let now = now
        var plan: PromotionPlan
        do {
            try await store.write { [self] db in
                throw TakenBack(
                    plan: try makePlan(selector, of: model, to: environmentName, options, caller, db, now))
            }
            throw ControlError.unavailable("The plan could not be made.")
        } catch let taken as TakenBack {
            plan = taken.plan
        }
        if let previous = plan.previous {
            plan.changes = ConfigDifference.changes(
                from: previous.configJSON, to: plan.source.configJSON)
            plan.files = try await fileChanges(from: previous.archiveKey, to: plan.source.archiveKey)
        }
        return plan
    }

    private struct TakenBack: Error {
        var plan: PromotionPlan
    }

    private func makePlan(
        _ selector: DeploymentSelector, of model: ModelID, to environmentName: String,
        _ options: PromoteOptions, _ caller: Caller, _ db: StoreWriter, _ now: Timestamp
    ) throws -> PromotionPlan {
        let (source, environment) = try subjects(selector, of: model, to: environmentName, in: db)
        let candidate = try beginPromotion(of: source, to: environment, options, by: caller, in: db, at: now)
        let promotion = try db.runningPromotion(into: environment.name, of: model)
        let previous = try environment.currentDeploymentID.flatMap { try db.deployment($0) }
        let action: PromotionPlan.Action =
            promotion == nil ? .nothing : candidate.id == source.id ? .promote : .copy
        var plan = PromotionPlan(
            environment: environment.name, action: action, source: source,
            previous: action == .nothing ? nil : previous, mode: promotion?.rollout.mode ?? .swap,
            replicas: Promotion.requiredReplicas(
                environment.autoscaling, wanted: previous.map { board.readyReplicas(of: $0.id) } ?? 0),
            needsBuild: candidate.imageID == nil, steps: [], changes: [], files: FileChanges())
        if action == .copy { plan.reason = try copyReason(source, environment, options, db) }
        plan.steps = plan.sentences(candidate: candidate, environment, options)
        return plan
    }

    private func copyReason(
        _ source: Deployment, _ environment: Environment, _ options: PromoteOptions, _ db: StoreReader
    ) throws -> String? {
        guard case .copy(let reason) = try sourceChoice(source, environment, options, in: db) else {
            return nil
        }
        return reason
    }

    private func fileChanges(from before: String, to after: String) async throws -> FileChanges {
        let (former, latter): (String?, String?)
        do {
            guard before != after else { return FileChanges() }
            (former, latter) = (try await archives.path(before), try await archives.path(after))
        } catch let changed as ChangedArchive {
            throw ControlError.validation(changed.description)
        }
        guard let former, let latter else { return FileChanges() }
        let (old, new) = try await dependencies.blocking {
            (
                try TrussArchive.fingerprints(archive: former),
                try TrussArchive.fingerprints(archive: latter)
            )
        }
        return FileChanges(
            added: new.keys.filter { old[$0] == nil }.sorted(),
            removed: old.keys.filter { new[$0] == nil }.sorted(),
            changed: new.filter { name, print in old[name].map { $0 != print } ?? false }.keys.sorted())
    }
}

extension PromotionPlan {
    fileprivate func sentences(
        candidate: Deployment, _ environment: Environment, _ options: PromoteOptions
    ) -> [String] {
        guard action != .nothing else { return ["\(source.name) serves \(self.environment) already."] }
        var steps: [String] = []
        if let reason { steps.append("A copy of \(source.name) is made: \(reason).") }
        steps.append(needsBuild ? "Its image is built." : "Its image exists and is not built again.")
        steps.append(
            mode == .rolling
                ? "Its first replica starts on \(candidate.instanceTypeID)."
                : "\(replicas) × \(candidate.instanceTypeID) start and must be ready.")
        let settings = environment.promotionSettings
        if let gate = settings.gate {
            steps.append("The gate \(gate.url ?? gate.command ?? "") must pass before traffic moves.")
        }
        switch mode {
        case .swap: steps.append("All traffic of \(self.environment) moves to it in one step.")
        case .rampUp: steps.append("Traffic moves to it in ten stages over \(settings.rampUpSeconds) s.")
        case .rolling:
            let pace =
                settings.rolling.maxSurgePercent > 0
                ? "at most \(settings.rolling.maxSurgePercent) % more"
                : "at most \(settings.rolling.maxUnavailablePercent) % fewer"
            steps.append("Replicas and traffic move to it step by step with \(pace) replicas than needed.")
        }
        if let watch = settings.watch, previous != nil {
            let errors = watch.maxErrorPercent.map { " or more than \($0) % of its predictions fail" } ?? ""
            steps.append(
                "For \(watch.durationSeconds) s the previous deployment stays ready and comes back if the new one becomes unhealthy\(errors)."
            )
        }
        if let previous {
            let end =
                options.scaleDownPrevious
                ? settings.cleanup == .keep
                    ? "is kept as it is" : settings.cleanup == .deactivate ? "is deactivated" : "goes to zero"
                : "keeps running"
            steps.append("\(previous.name) (\(previous.id)) finishes its requests and \(end).")
        }
        return steps
    }
}

/// Differences between two configs, key by key.
enum ConfigDifference {
    static func changes(from before: String, to after: String) -> [ConfigChange] {
        let (old, new) = (members(before), members(after))
        return Set(old.keys).union(new.keys).sorted().compactMap { path in
            old[path] == new[path] ? nil : ConfigChange(path: path, before: old[path], after: new[path])
        }
    }

    /// Every value that is no object, by the keys that lead to it.
    private static func members(_ json: String) -> [String: JSONValue] {
        guard let value = try? JSONDecoder().decode(JSONValue.self, from: Data(json.utf8)) else { return [:] }
        var result: [String: JSONValue] = [:]
        func visit(_ value: JSONValue, _ path: [String]) {
            if case .object(let members) = value, !members.isEmpty {
                for (key, member) in members { visit(member, path + [key]) }
            } else {
                result[path.joined(separator: ".")] = value
            }
        }
        visit(value, [])
        return result
    }
}
