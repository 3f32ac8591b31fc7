// Live patches of a development deployment: staged durably, then made part of its archive, so that restarts and
// promotions run the changed code (behaviour.md section 8.6).

import Foundation
import SlipwayCore
import SlipwayEngine
import SlipwayStore
import SlipwayTruss

/// Which source state runs and which is the newest staged one.
public struct PatchState: Sendable, Equatable {
    public struct Point: Sendable, Equatable {
        public var hash: String
        /// The client's own description of the state.
        public var signature: String
    }

    public var running: Point
    /// Nil when nothing is staged.
    public var pending: Point?
}

/// What a staging or a sync came to.
public enum PatchOutcome: Sendable, Equatable {
    case done
    /// The patch builds on a state that is not the newest one.
    case stale
    /// The running deployment stays as it was.
    case refused(reason: String, needsFullDeploy: Bool)
}

extension ControlPlane {
    /// Statuses in which a development deployment takes patches (behaviour.md section 2.2).
    private static let patchable: Set<DeploymentStatus> = [
        .active, .scaledToZero, .wakingUp, .loadingModel, .deployFailed, .building, .deploying, .unhealthy,
    ]
    private static func takesPatches(_ deployment: Deployment) -> Bool {
        patchable.contains(deployment.status) || PlantedBug.isPlanted(.syncsToInactive)
    }

    /// How long a sync waits for the changed code to run before it answers; loading goes on after that.
    private static let patience: Duration = .seconds(60)

    /// - Returns: nil for a deployment whose pusher did not describe its source.
    public func patchState(of model: ModelID) async throws -> PatchState? {
        try await store.read { db in
            let deployment = try db.existing(.development, of: model)
            guard let hash = deployment.trussHash, let signature = deployment.trussSignature else {
                return nil
            }
            let pending = try db.patches(of: deployment.id).last.map {
                PatchState.Point(hash: $0.next_hash, signature: $0.next_signature)
            }
            return PatchState(running: .init(hash: hash, signature: signature), pending: pending)
        }
    }

    /// - Throws: `ControlError.validation` for a deployment that takes no patches.
    public func requireDevelopment(_ id: DeploymentID, of model: ModelID) async throws {
        let deployment = try await store.read { try $0.existing(.id(id), of: model) }
        guard deployment.isDevelopment else {
            throw ControlError.validation(
                "Deployment \(id) is published; only the development deployment takes patches.")
        }
    }

    /// Stores the patch; `syncPatches` applies it.
    /// - Parameters:
    ///   - body: the patch as the client made it, JSON.
    ///   - keepsUnpatchable: a patch that only a push can carry out is stored too, so that the sync tells.
    public func stagePatch(
        _ body: Data, of model: ModelID, keepsUnpatchable: Bool = false, by caller: Caller
    ) async throws -> PatchOutcome {
        let now = now
        let patch: TrussPatch
        do {
            patch = try TrussPatch(json: body)
        } catch {
            return .refused(reason: error.description, needsFullDeploy: error.needsFullDeploy)
        }
        let source: PatchSource
        do {
            source = try await self.source(of: model)
            let config = try await readConfig(.yaml(patch.nextConfig))
            try await requireSame(config, after: source, unlessChangedBy: patch)
        } catch let problem as PatchProblem {
            return .refused(reason: problem.description, needsFullDeploy: problem.needsFullDeploy)
        } catch let changed as ChangedArchive {
            return .refused(reason: changed.description, needsFullDeploy: true)
        } catch ControlError.validation(let reason) {
            return .refused(reason: reason, needsFullDeploy: false)
        }
        return try await store.write { db in
            let deployment = try db.existing(.development, of: model)
            guard Self.takesPatches(deployment) else {
                return .refused(
                    reason: "Deployment \(deployment.id) is \(deployment.status.rawValue).",
                    needsFullDeploy: true)
            }
            guard deployment.archiveKey == source.archiveKey else { return .stale }
            let staged = try db.patches(of: deployment.id)
            guard patch.previousHash == staged.last?.next_hash ?? deployment.trussHash else {
                return .stale
            }
            // A patch that cannot be applied is not kept: it would block all that follow.
            var before = source.point
            do throws(PatchProblem) {
                _ = try patch.changes(from: source.config)
            } catch {
                guard keepsUnpatchable, error.needsFullDeploy else {
                    return .refused(reason: error.description, needsFullDeploy: error.needsFullDeploy)
                }
                before = nil
            }
            do throws(PatchProblem) {
                try patch.checkClaims(after: before)
            } catch {
                return .refused(reason: error.description, needsFullDeploy: error.needsFullDeploy)
            }
            try db.insert(
                StagedPatch(
                    deployment: deployment.id, nextHash: patch.nextHash, nextSignature: patch.nextSignature,
                    body: body, createdAt: now))
            return .done
        }
    }

    /// What a patch builds on.
    private struct PatchSource {
        var archiveKey: String
        /// Of the archive, as our own reader reads it.
        var config: String
        /// The newest state that is known; nil where the pusher did not describe one.
        var point: PatchPoint?
    }

    private func source(of model: ModelID) async throws -> PatchSource {
        let (deployment, staged) = try await store.read { db in
            let deployment = try db.existing(.development, of: model)
            return (deployment, try db.patches(of: deployment.id).last)
        }
        guard let path = try await archives.path(deployment.archiveKey) else {
            throw PatchProblem(
                "The archive of deployment \(deployment.id) is gone.", needsFullDeploy: true)
        }
        return PatchSource(
            archiveKey: deployment.archiveKey,
            config: try await dependencies.blocking { try PatchedArchive.config(of: path) },
            point: (staged?.next_signature ?? deployment.trussSignature).flatMap {
                try? PatchPoint(signature: $0)
            })
    }

    /// A comment may change without a word, what the config means may not.
    private func requireSame(
        _ next: TrussConfig, after source: PatchSource, unlessChangedBy patch: TrussPatch
    ) async throws {
        guard !patch.changesConfig, let before = source.point?.config, before != patch.nextConfig,
            try await readConfig(.yaml(before)).json != next.json
        else { return }
        throw PatchProblem(
            "config.yaml: it is claimed to have changed, and no operation changes it", needsFullDeploy: true)
    }

    /// Makes the staged patches part of the archive and lets the deployment run it: in place where the client asked for
    /// that and the model server can, else by replacing the replica while requests are held.
    public func syncPatches(of model: ModelID, by caller: Caller) async throws -> PatchOutcome {
        let deployment = try await deployment(.development, of: model).deployment
        // Patches that were staged before a deactivation must not undo it.
        guard Self.takesPatches(deployment) else {
            return .refused(
                reason: "Deployment \(deployment.id) is \(deployment.status.rawValue).", needsFullDeploy: true
            )
        }
        let staged = try await store.read { try $0.patches(of: deployment.id) }
        guard !staged.isEmpty else { return .done }
        let edit: PatchedArchive
        do {
            guard let archive = try await archives.path(deployment.archiveKey) else {
                throw ControlError.unavailable("The archive of deployment \(deployment.id) is gone.")
            }
            edit = try await dependencies.blocking { [dependencies] in
                try PatchedArchive(of: deployment, at: archive, staged, dependencies)
            }
        } catch let problem as PatchProblem {
            return .refused(reason: problem.description, needsFullDeploy: problem.needsFullDeploy)
        } catch let changed as ChangedArchive {
            return .refused(reason: changed.description, needsFullDeploy: true)
        }
        let config: TrussConfig
        do {
            config = try await readConfig(.yaml(edit.text))
        } catch ControlError.validation(let reason) {
            dependencies.removeArchive(edit.key)
            return .refused(reason: reason, needsFullDeploy: false)
        }
        switch try await hotReload(deployment, edit, config, by: caller) {
        case .done:
            await removeUnused(archive: deployment.archiveKey, image: deployment.imageID)
            return .done
        case .refused(let reason):
            dependencies.removeArchive(edit.key)
            return .refused(reason: reason, needsFullDeploy: false)
        case .impossible: break
        }
        guard try await keep(edit, config, of: deployment, image: nil, by: caller) else {
            dependencies.removeArchive(edit.key)
            throw ControlError.unavailable("The deployment was changed meanwhile; sync again.")
        }
        let outcome = try await settled(deployment.id)
        await removeUnused(archive: deployment.archiveKey, image: deployment.imageID)
        return outcome
    }

    /// Stores the deployment with its new source.
    /// - Parameter image: what its replicas run already; nil lets it be built.
    /// - Returns: false when another push or sync was quicker: the archive starts from what is not there any more.
    private func keep(
        _ edit: PatchedArchive, _ config: TrussConfig, of deployment: Deployment, image: ImageID?,
        by caller: Caller
    ) async throws -> Bool {
        let now = now
        return try await store.write { db in
            var current = try db.existing(.id(deployment.id), of: deployment.modelID)
            guard current.archiveKey == deployment.archiveKey, Self.takesPatches(current) else {
                return false
            }
            current.archiveKey = edit.key
            current.rawConfig = edit.text
            current.configJSON = config.json
            current.trussHash = edit.last.next_hash
            current.trussSignature = edit.last.next_signature
            current.imageID = image
            if image == nil {
                current.desired = .running
                current.deployStartedAt = nil
                current.status = .building
                current.statusReason = nil
                current.statusSince = now
            }
            try db.update(current)
            if let digest = edit.digest { _ = try db.keepArchiveDigest(digest, of: edit.key) }
            try db.deletePatches(of: deployment.id, upTo: edit.last.position ?? .max)
            try db.record(
                .deployed(
                    current, db.existing(deployment.modelID), environment: nil, scalesPreviousDown: false),
                by: caller, at: now)
            return true
        }
    }

    private func hotReload(
        _ deployment: Deployment, _ edit: PatchedArchive, _ config: TrussConfig, by caller: Caller
    ) async throws -> HotReload {
        try await controller.keepingImages { try await buildAndReload(deployment, edit, config, by: caller) }
    }

    private func buildAndReload(
        _ deployment: Deployment, _ edit: PatchedArchive, _ config: TrussConfig, by caller: Caller
    ) async throws -> HotReload {
        guard edit.isHotReload, deployment.status == .active,
            let archive = dependencies.archivePath(edit.key),
            let name = try await store.read({ try $0.model(deployment.modelID)?.name })
        else { return .impossible }
        let image: BuiltImage
        do {
            let secrets = try await DeploymentSecrets(store: store, box: dependencies.secretBox).values(
                SecretNames.ofBuild(inConfigJSON: config.json), of: deployment.modelID)
            image = try await engine.build(
                BuildRequest(
                    deploymentID: deployment.id, modelName: name, archivePath: archive, isDevelopment: true,
                    secrets: secrets)
            ) { [logs] in logs.append($0, to: deployment.id) }
        } catch is BuildFailure, is StartFailure {
            // The usual way tells why.
            return .impossible
        }
        let outcome = try await controller.hotReload(deployment.id, to: image.id, edit.files) {
            try await self.keep(edit, config, of: deployment, image: image.id, by: caller)
        }
        if outcome != .done { Task { [controller] in await controller.free(image.id) } }
        return outcome
    }

    /// Waits until the new code runs or has failed.
    private func settled(_ id: DeploymentID) async throws -> PatchOutcome {
        let end = now + Self.patience
        while now < end {
            await controller.settle()
            guard let deployment = try await store.read({ try $0.deployment(id) }) else { break }
            if deployment.status == .active { return .done }
            if deployment.status.isFailure {
                return .refused(
                    reason: deployment.statusReason ?? deployment.status.rawValue, needsFullDeploy: false)
            }
            try await dependencies.sleep(.milliseconds(50))
        }
        return .done
    }
}
