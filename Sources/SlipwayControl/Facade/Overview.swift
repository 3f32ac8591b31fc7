// What people look at: models with their environments, the replicas of a deployment, who pushed what.

import SlipwayAPI
import SlipwayCore
import SlipwayEngine
import SlipwayStore

/// A model with what happens to it now.
public struct ModelOverview: Sendable {
    public var model: Model
    public var environments: [EnvironmentView]
    public var development: DeploymentView?
    /// The newest published deployment that no environment has and that still builds, starts or has failed.
    public var newest: DeploymentView?
}

extension ControlPlane {
    /// One page of the models whose names contain a text, by name.
    /// - Returns: the page, and how many models there are on all pages.
    public func overview(
        matching text: String, offset: Int, limit: Int
    ) async throws -> (models: [ModelOverview], total: Int) {
        try await store.read { [self] db in
            let found = try db.models(matching: text, offset: offset, limit: limit)
            return (try found.models.map { try overview(of: $0, in: db) }, found.total)
        }
    }

    private func overview(of model: Model, in db: StoreReader) throws -> ModelOverview {
        let environments = try db.environments(of: model.id)
        let views = try environments.map { try view(of: $0, in: db) }
        let deployments = try db.deployments(of: model.id)
        let shown = Set(views.flatMap { [$0.current?.deployment.id, $0.candidate?.deployment.id] })
        let newest = deployments.first { !$0.isDevelopment }
        return ModelOverview(
            model: model, environments: views,
            development: deployments.first(where: \.isDevelopment).map { view(of: $0, environments) },
            newest: newest.flatMap { deployment in
                let isSettled = [.active, .scaledToZero, .inactive].contains(deployment.status)
                return isSettled || shown.contains(deployment.id) ? nil : view(of: deployment, environments)
            })
    }

    /// The replicas of a deployment that there are now, oldest first.
    /// - Throws: `ControlError.notFound`.
    public func replicas(of id: DeploymentID, model: ModelID) async throws -> [Replica] {
        _ = try await deployment(.id(id), of: model)
        return await controller.replicas(of: id)
    }

    /// Who pushed the deployments of a model, or promoted the copies, by mail address, as far as the audit log tells.
    public func authors(of model: ModelID) async throws -> [DeploymentID: String] {
        var filter = AuditFilter()
        filter.model = model
        let types: [AuditLogEventTypeV1] = [.modelDeployed, .modelDeploymentPromoted]
        filter.types = Set(types.map(\.rawValue))
        let page = try await auditLog(filter, from: AuditCursor(ascending: true), limit: 1000)
        return page.events.reduce(into: [:]) { authors, event in
            guard let id = event.deploymentID, let email = event.userEmail, authors[id] == nil else { return }
            authors[id] = email
        }
    }

    /// What this machine gives replicas, and what is missing.
    public func machine() async -> EngineDescription { await engine.describe() }
}

extension Controller {
    func replicas(of id: DeploymentID) -> [Replica] {
        replicas.values.filter { $0.deploymentID == id }.sorted {
            ($0.startedAt, $0.id) < ($1.startedAt, $1.id)
        }
    }
}
