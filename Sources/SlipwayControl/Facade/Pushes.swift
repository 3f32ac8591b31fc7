// A push: from an uploaded archive to a new deployment (or a new version of the development one), in one
// transaction, whichever door it came through.

import Foundation
import SlipwayCore
import SlipwayStore
import SlipwayTruss

/// What a push made.
public struct PushOutcome: Sendable {
    public var model: ModelView
    public var deployment: DeploymentView
    /// What of the config has no effect, and what it needs that is not there yet.
    public var warnings: [String]
}

extension ControlPlane {
    /// Range of `deploy_timeout_minutes` (behaviour.md section 8.3).
    static let deployTimeoutMinutes = 10...1440

    /// Reads a config that was sent as JSON, as a push to the caller's team would.
    /// - Returns: warnings for the user.
    /// - Throws: `ControlError.validation` naming each offending key.
    public func validateConfig(json: String, by caller: Caller) async throws -> [String] {
        let config = try await readConfig(.json(json))
        _ = try instanceType(for: config)
        return try await store.read { [self] db in
            try warnings(of: config, team: db.teamOrDefault(caller.teamID).id, in: db)
        }
    }

    /// Checks all that a push would check, apart from the archive. The config as an object and as text count alike.
    /// - Returns: warnings for the user.
    public func checkPush(_ request: PushRequest, by caller: Caller) async throws -> [String] {
        try check(request)
        var configs: [TrussConfig] = []
        if let json = request.configJSON { configs.append(try await readConfig(.json(json))) }
        if let text = request.rawConfig { configs.append(try await readConfig(.yaml(text))) }
        for config in configs { _ = try instanceType(for: config) }
        return try await store.read { [self, configs] db in
            // The second call with a key is about what the first one made, which now has the name.
            if try db.hasMade(by: caller) { return [] }
            let (team, _) = try resolve(request, by: caller, in: db)
            return try configs.last.map { try warnings(of: $0, team: team.id, in: db) } ?? []
        }
    }

    /// - Throws: `ControlError.validation` with everything that is wrong in one sentence per problem,
    ///   `.notFound` for an unknown model, team or environment.
    public func push(
        _ request: PushRequest, by caller: Caller
    ) async throws -> PushOutcome {
        try check(request)
        // What is wrong with a config is told before the upload has ended.
        _ = try await archiveConfig(request.archiveKey)
        let digest = try await archives.freeze(request.archiveKey)
        let config = try await archiveConfig(request.archiveKey)
        let type = try instanceType(for: config)
        let differences = try await differences(request, from: config)
        let now = now
        let operation = try request.canonical()
        let (id, replaced, isNew) = try await store.write { [self] db -> (DeploymentID, Deployment?, Bool) in
            if let made = try db.alreadyMade(operation, by: caller) {
                return (DeploymentID(made), nil, false)
            }
            _ = try archive(request.archiveKey)
            if let digest, try db.keepArchiveDigest(digest, of: request.archiveKey) != digest {
                throw ControlError.validation("\(ChangedArchive())")
            }
            let (team, known) = try resolve(request, by: caller, in: db)
            let model = try known ?? newModel(request, team: team, in: db, at: now)
            let replaced = request.isDevelopment ? try db.developmentDeployment(of: model.id) : nil
            let deployment = try store(request, config, type, in: model, db, at: now)
            try db.record(
                .deployed(
                    deployment, model, environment: request.environment,
                    scalesPreviousDown: request.environment != nil && request.scaleDownPrevious), by: caller,
                at: now)
            try promoteIfAsked(deployment, request, by: caller, in: db, at: now)
            try db.remember(operation, made: deployment.id.text, by: caller, at: now)
            return (deployment.id, replaced, true)
        }
        await controller.settle()
        if let replaced { await removeUnused(archive: replaced.archiveKey, image: replaced.imageID) }
        let view = try await deployment(anyModel: id)
        let model = try await self.model(view.deployment.modelID)
        let missing = try await self.store.read { [self] db in
            try self.missingSecrets(of: config, team: model.model.teamID, in: db)
        }
        // What the config itself says is in the log of its build; most clients show no more than that log.
        let logged = isNew ? missing.map { "config.yaml: \($0)" } + differences : []
        for warning in logged {
            logs.append(LogEntry(at: now, warning, level: .warning), to: id)
        }
        return PushOutcome(
            model: model, deployment: view,
            warnings: config.warnings.map(\.description) + missing + differences)
    }

    /// What the client says of the config and the archive does not: the archive counts.
    private func differences(_ request: PushRequest, from archived: TrussConfig) async throws -> [String] {
        var found: [String] = []
        func note(_ keys: [String], of member: String) {
            found += keys.map { "\(member): \($0) is not what config.yaml of the archive says, which counts" }
        }
        if let json = request.configJSON {
            note(archived.differences(from: try await readConfig(.json(json)), namedIn: json), of: "config")
        }
        if let yaml = request.rawConfig, yaml != archived.raw {
            let config = try await readConfig(.yaml(yaml))
            // What the official loader alone can read is compared by the keys that differ from their default.
            let named = (try? TrussConfig.membersJSON(yaml: yaml)) ?? config.json
            note(archived.differences(from: config, namedIn: named), of: "raw_config")
        }
        return found
    }

    // MARK: Checks

    private func check(_ request: PushRequest) throws {
        if request.isDevelopment, request.environment != nil {
            throw ControlError.validation("A development deployment cannot be pushed to an environment.")
        }
        if request.isDevelopment, request.deploymentName != nil {
            throw ControlError.validation("A development deployment cannot be named.")
        }
        if let minutes = request.deployTimeoutMinutes, !Self.deployTimeoutMinutes.contains(minutes) {
            throw ControlError.validation(
                "deploy_timeout_minutes must be from 10 to 1440, not \(minutes).")
        }
        if let name = request.deploymentName, let problem = Names.problem(inDeploymentName: name) {
            throw ControlError.validation(problem)
        }
        if case .modelNamed(let name, _) = request.target, let problem = Names.problem(inModelName: name) {
            throw ControlError.validation(problem)
        }
    }

    /// The team and, where it exists, the model a push goes to; names that are taken or unknown are refused.
    private func resolve(
        _ request: PushRequest, by caller: Caller, in db: StoreReader
    ) throws -> (Team, Model?) {
        let team: Team
        let model: Model?
        switch request.target {
        case .model(let id):
            let found = try db.existing(id)
            (team, model) = (try db.existing(found.teamID), found)
        case .modelNamed(let name, let wanted):
            team = try db.teamOrDefault(wanted ?? caller.teamID)
            model = try db.model(named: name, of: team.id)
        }
        if let name = request.environment {
            if let model {
                _ = try db.existing(name, of: model.id)
                if try db.runningPromotion(into: name, of: model.id) != nil {
                    throw ControlError.validation("Environment \(name) already has an in progress promotion.")
                }
            } else if name != Environment.production {
                throw ControlError.notFound("Environment \(name) does not exist: the model is new.")
            }
        }
        if let name = request.deploymentName, let model { try db.refuseTakenName(name, of: model.id) }
        return (team, model)
    }

    /// The path of an archive. Its time is set, so that no sweep takes it for abandoned from now on.
    private func archive(_ key: String) throws -> String {
        guard let path = dependencies.archivePath(key), utimes(path, nil) == 0 || errno != ENOENT else {
            throw ControlError.validation("No archive was uploaded under the key \(key).")
        }
        return path
    }

    private func archiveConfig(_ key: String) async throws -> TrussConfig {
        let path = try archive(key)
        let text: String?
        do {
            text = try await dependencies.blocking { try TrussArchive.readConfig(archive: path) }
        } catch let error as ArchiveError {
            throw ControlError.validation("The archive cannot be read: \(error)")
        }
        guard let text else { throw ControlError.validation("The archive has no config.yaml at its root.") }
        let config = try await readConfig(.yaml(text))
        do {
            let problem = try await dependencies.blocking {
                try TrussArchive.problem(with: config, in: path)
            }
            guard let problem else { return config }
            throw ControlError.validation("config.yaml: \(problem)")
        } catch let error as ArchiveError {
            throw ControlError.validation("The archive cannot be read: \(error)")
        }
    }

    private func instanceType(for config: TrussConfig) throws -> InstanceType {
        guard let type = dependencies.catalogue.smallest(fitting: config.resources) else {
            let wanted = config.resources
            let gpus = wanted.gpuCount > 0 ? " and \(wanted.gpuCount) × \(wanted.gpuType ?? "GPU")" : ""
            throw ControlError.validation(
                "resources: no instance type offers \(wanted.instanceType ?? "\(wanted.millicpu) millicpu, \(wanted.memoryMiB) MiB\(gpus)"); there are \(dependencies.catalogue.types.map(\.id).joined(separator: ", "))."
            )
        }
        return type
    }

    // MARK: Records

    private func newModel(
        _ request: PushRequest, team: Team, in db: StoreWriter, at now: Timestamp
    ) throws -> Model {
        guard case .modelNamed(let name, _) = request.target else {
            throw ControlError.notFound("There is no such model.")
        }
        var random = Randomness()
        let model = Model(
            id: .random(length: IdentifierLength.model, using: &random), name: name, teamID: team.id,
            createdAt: now)
        try db.insert(model)
        try db.insert(Environment(modelID: model.id, name: Environment.production, createdAt: now))
        return model
    }

    private func store(
        _ request: PushRequest, _ config: TrussConfig, _ type: InstanceType, in model: Model,
        _ db: StoreWriter, at now: Timestamp
    ) throws -> Deployment {
        let old = request.isDevelopment ? try db.developmentDeployment(of: model.id) : nil
        var deployment = Deployment(
            id: old?.id ?? newDeploymentID(), modelID: model.id,
            name: request.isDevelopment
                ? "development"
                : try request.deploymentName ?? nextDeploymentName(of: model.id, in: db),
            createdAt: old?.createdAt ?? now, isDevelopment: request.isDevelopment,
            archiveKey: request.archiveKey, rawConfig: request.rawConfig ?? config.raw,
            configJSON: config.json,
            instanceTypeID: type.id, autoscaling: old?.autoscaling ?? AutoscalingSettings(),
            labelsJSON: request.labelsJSON,
            deployTimeoutSeconds: request.deployTimeoutMinutes.map { $0 * 60 }
                ?? dependencies.defaultDeployTimeoutSeconds,
            trussHash: request.trussHash, trussSignature: request.trussSignature,
            // Forbidden once, downloads stay forbidden for the whole model.
            allowsDownload: try request.allowsDownload
                && db.deployments(of: model.id).allSatisfy(\.allowsDownload))
        if let old {
            deployment.hasBeenActive = old.hasBeenActive
            deployment.statusSince = now
            try db.update(deployment)
            try db.deletePatches(of: deployment.id)
        } else {
            try db.insert(deployment)
        }
        return deployment
    }

    /// To the environment the push names; the first published deployment goes to an empty production by itself
    /// (behaviour.md section 3.3), like any candidate only once it is ready.
    private func promoteIfAsked(
        _ deployment: Deployment, _ request: PushRequest, by caller: Caller, in db: StoreWriter,
        at now: Timestamp
    ) throws {
        guard !deployment.isDevelopment else { return }
        let production = try db.existing(Environment.production, of: deployment.modelID)
        let name: String
        if let wanted = request.environment {
            name = wanted
        } else if production.currentDeploymentID == nil,
            try db.runningPromotion(into: production.name, of: deployment.modelID) == nil
        {
            name = production.name
        } else {
            return
        }
        let environment = try db.existing(name, of: deployment.modelID)
        var candidate = deployment
        if request.preserveEnvironmentInstanceType, let current = environment.currentDeploymentID,
            let kept = try db.deployment(current)?.instanceTypeID, kept != deployment.instanceTypeID
        {
            // Nothing runs yet, so the pushed deployment itself takes the environment's type; no copy is needed.
            candidate.instanceTypeID = kept
            try db.update(candidate)
        }
        _ = try beginPromotion(
            of: candidate, to: environment,
            PromoteOptions(
                scaleDownPrevious: request.scaleDownPrevious,
                preserveEnvironmentInstanceType: request.preserveEnvironmentInstanceType),
            by: caller, in: db, at: now)
    }
}
