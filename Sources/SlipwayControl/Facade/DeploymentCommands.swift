// Activate, deactivate, retry, rename, delete, and ending one replica: behaviour.md section 2.2.

import SlipwayCore
import SlipwayStore

extension ControlPlane {
    public func activate(
        _ selector: DeploymentSelector, of model: ModelID, by caller: Caller
    ) async throws {
        try await change(selector, of: model, by: caller, AuditEntry.activated) { deployment, _, now in
            switch deployment.status.verdict(on: .activate) {
            case .noEffect: return false
            case .refused:
                throw ControlError.validation(
                    "Deployment \(deployment.id) is \(deployment.status.rawValue) and cannot be activated.")
            case .accepted:
                deployment.desired = .running
                deployment.restart(at: now)
                return true
            }
        }
    }

    public func deactivate(
        _ selector: DeploymentSelector, of model: ModelID, by caller: Caller
    ) async throws {
        try await change(selector, of: model, by: caller, AuditEntry.deactivated) { deployment, db, now in
            if deployment.status.verdict(on: .deactivate) == .noEffect { return false }
            try db.refuseDuringPromotion(deployment, "deactivated")
            deployment.desired = .inactive
            deployment.status = .deactivating
            deployment.statusSince = now
            deployment.statusReason = "Replicas finish their requests and stop."
            return true
        }
    }

    /// Runs the failed stage again with the same archive.
    /// - Returns: `retried` is false, with a reason, where there is nothing to retry.
    public func retry(
        _ selector: DeploymentSelector, of model: ModelID, by caller: Caller
    ) async throws -> (retried: Bool, reason: String?, deployment: DeploymentView) {
        let target = try await deployment(selector, of: model).deployment
        if target.status.isFailure { await controller.forgetBuild(of: target.id) }
        let changed = try await change(.id(target.id), of: model, by: caller, AuditEntry.retried) {
            deployment, _, now in
            guard deployment.status.verdict(on: .retry) == .accepted else { return false }
            deployment.desired = .running
            deployment.restart(at: now)
            return true
        }
        let view = try await deployment(.id(target.id), of: model)
        return (
            changed,
            changed
                ? nil : "Deployment \(target.id) is \(target.status.rawValue); only a failed one is retried.",
            view
        )
    }

    public func renameDeployment(
        _ id: DeploymentID, of model: ModelID, to name: String, by caller: Caller
    ) async throws -> DeploymentView {
        if let problem = Names.problem(inDeploymentName: name) { throw ControlError.validation(problem) }
        try await change(.id(id), of: model, by: caller, AuditEntry.renamed) { deployment, db, _ in
            if deployment.isDevelopment {
                throw ControlError.validation("The development deployment cannot be renamed.")
            }
            try db.refuseTakenName(name, of: deployment.modelID, except: deployment.id)
            deployment.name = name
            return true
        }
        return try await deployment(.id(id), of: model)
    }

    /// Takes a replica out of routing; it ends with its last request, and the deployment gets another one.
    ///
    /// - Throws: `ControlError.notFound` when the deployment has no such replica.
    public func terminate(
        _ replica: ReplicaID, of id: DeploymentID, model: ModelID, by caller: Caller
    ) async throws {
        _ = try await deployment(.id(id), of: model)
        guard await controller.runs(replica, of: id) else {
            throw ControlError.notFound("Deployment \(id) has no replica \(replica).")
        }
        let now = now
        try await store.write { db in
            let deployment = try db.existing(.id(id), of: model)
            for environment in try db.environments(servedBy: deployment) {
                try db.requireManageable(environment.name, of: model, by: caller)
            }
            // A server that is killed before the replica has ended finds it here.
            try db.noteTermination(of: replica, in: id, at: now)
            try db.record(.terminated(replica, deployment, db.existing(model)), by: caller, at: now)
        }
        await controller.drain(replica)
        await controller.settle()
    }

    /// Refused while an environment or a promotion points at it, or while it is the model's only one.
    public func deleteDeployment(_ id: DeploymentID, of model: ModelID, by caller: Caller) async throws {
        let now = now
        let removed = try await store.write { db in
            let deployment = try db.existing(.id(id), of: model)
            if let environment = try db.environments(servedBy: deployment).first {
                throw ControlError.validation(
                    "Deployment \(id) serves environment \(environment.name); promote another one first.")
            }
            try db.refuseDuringPromotion(deployment, "deleted")
            if try db.deployments(of: model).count == 1 {
                throw ControlError.validation(
                    "Deployment \(id) is the only one of model \(model); delete the model instead.")
            }
            try db.deleteDeployment(id)
            try db.record(.deleted(deployment, db.existing(model)), by: caller, at: now)
            return deployment
        }
        await cleanUp(after: [removed])
    }

    /// Removes the model with all its deployments; running replicas are stopped.
    public func deleteModel(_ id: ModelID, by caller: Caller) async throws {
        let now = now
        let removed = try await store.write { db in
            let model = try db.existing(id)
            let deployments = try db.deployments(of: id)
            for environment in try db.environments(of: id) where environment.currentDeploymentID != nil {
                try db.requireManageable(environment.name, of: id, by: caller)
            }
            try db.deleteModel(id)
            try db.record(.deleted(model), by: caller, at: now)
            return deployments
        }
        await cleanUp(after: removed)
    }

    /// Frees what only the deleted deployments used.
    private func cleanUp(after removed: [Deployment]) async {
        await controller.settle()
        for deployment in removed {
            await logs.remove(deployment: deployment.id)
            await removeUnused(archive: deployment.archiveKey, image: deployment.imageID)
        }
    }

    /// Frees what no deployment needs any more; the image in its own time.
    func removeUnused(archive: String, image: ImageID?) async {
        // A push of the same archive comes before or after, never in between: it is looked for in the push's own
        // transaction. What stays because nothing can be written goes with the next sweep.
        try? await store.write { [dependencies] db in
            guard try !db.usesArchive(archive) else { return }
            dependencies.removeArchive(archive)
            if dependencies.freezeArchive != nil { try db.forgetArchiveDigest(of: archive) }
        }
        guard let image else { return }
        Task { [controller] in await controller.free(image) }
    }

    /// Reads, checks and writes one deployment in one transaction; `body` says whether it changed anything.
    @discardableResult
    private func change(
        _ selector: DeploymentSelector, of model: ModelID, by caller: Caller,
        _ entry: @escaping @Sendable (Deployment, Model) -> AuditEntry,
        _ body: @escaping @Sendable (inout Deployment, StoreWriter, Timestamp) throws -> Bool
    ) async throws -> Bool {
        let now = now
        let changed = try await store.write { db in
            var deployment = try db.existing(selector, of: model)
            for environment in try db.environments(servedBy: deployment) {
                try db.requireManageable(environment.name, of: model, by: caller)
            }
            guard try body(&deployment, db, now) else { return false }
            try db.update(deployment)
            try db.record(entry(deployment, db.existing(model)), by: caller, at: now)
            return true
        }
        if changed { await controller.settle() }
        return changed
    }
}

extension Deployment {
    /// Back to the stage that has to run: the build, or the deploy where an image exists.
    fileprivate mutating func restart(at now: Timestamp) {
        status = imageID == nil ? .building : .deploying
        statusReason = nil
        statusSince = now
        deployStartedAt = imageID == nil ? nil : now
    }
}

extension StoreReader {
    fileprivate func refuseDuringPromotion(_ deployment: Deployment, _ verb: String) throws {
        if let busy = try runningPromotions().first(where: { $0.concerns(deployment.id) }) {
            throw ControlError.validation(
                "Deployment \(deployment.id) cannot be \(verb) during the promotion to \(busy.environment); cancel that first."
            )
        }
    }

    func refuseTakenName(_ name: String, of model: ModelID, except id: DeploymentID? = nil) throws {
        if name == "development" {
            throw ControlError.validation("The deployment name development is reserved.")
        }
        if try deployments(of: model).contains(where: { $0.name == name && $0.id != id }) {
            throw ControlError.validation("Model \(model) already has a deployment named \(name).")
        }
    }
}
