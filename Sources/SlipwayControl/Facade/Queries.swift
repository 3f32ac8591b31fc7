// Reading models, deployments and environments.

import SlipwayCore
import SlipwayStore

/// How long a succeeded promotion stays visible as `in_progress_promotion` (behaviour.md section 3.4).
private let succeededPromotionShown: Duration = .seconds(600)

extension ControlPlane {
    /// - Parameter name: only models of exactly this name; several teams may have one.
    public func models(team: TeamID?, named name: String? = nil) async throws -> [ModelView] {
        try await cache.answer(.models(team: team, named: name)) { [self] db in
            if let team { _ = try db.existing(team) }
            return try db.modelSummaries(of: team, named: name).map(view)
        }
    }

    /// A part of the same list.
    /// - Returns: at most `limit` models behind `place`, and whether more follow.
    public func models(
        team: TeamID?, named name: String?, after place: ModelPlace?, limit: Int
    ) async throws -> (models: [ModelView], hasMore: Bool) {
        let found = try await store.read { db in
            if let team { _ = try db.existing(team) }
            return try db.modelSummaries(of: team, named: name, after: place, limit: limit + 1)
        }
        return (found.prefix(limit).map(view), found.count > limit)
    }

    public func model(_ id: ModelID) async throws -> ModelView {
        try await cache.answer(.model(id)) { [self] db in
            let model = try db.existing(id)
            return try view(of: db.modelSummary(of: model))
        }
    }

    public func detailedModels(team: TeamID?) async throws -> [DetailedModelView] {
        try await cache.answer(.detailedModels(team: team)) { [self] db in
            if let team { _ = try db.existing(team) }
            return try db.models(of: team).map { try detailedView(of: $0, in: db) }
        }.map(current)
    }

    public func detailedModel(_ id: ModelID) async throws -> DetailedModelView {
        current(
            try await cache.answer(.detailedModel(id)) { [self] db in
                try detailedView(of: db.existing(id), in: db)
            })
    }

    /// - Throws: `ControlError.validation` for a bad name, or one that another model of the team has.
    public func renameModel(_ id: ModelID, to name: String, by caller: Caller) async throws -> ModelView {
        if let problem = Names.problem(inModelName: name) { throw ControlError.validation(problem) }
        let now = now
        try await store.write { db in
            var model = try db.existing(id)
            guard model.name != name else { return }
            if try db.model(named: name, of: model.teamID) != nil {
                throw ControlError.validation("There is a model named \(name) already.")
            }
            let before = model.name
            model.name = name
            try db.update(model)
            try db.record(.renamed(model, before: before), by: caller, at: now)
        }
        return try await self.model(id)
    }

    public func detailedModel(named name: String, team: TeamID?) async throws -> DetailedModelView {
        try await store.read { [self] db in
            guard let model = try db.model(named: name, of: db.teamOrDefault(team).id) else {
                throw ControlError.notFound("There is no model named \(name).")
            }
            return try detailedView(of: model, in: db)
        }
    }

    public func deployments(of model: ModelID, named name: String?) async throws -> [DeploymentView] {
        try await store.read { [self] db in
            _ = try db.existing(model)
            let environments = try db.environments(of: model)
            return try db.deployments(of: model).filter { name == nil || $0.name == name }
                .map { view(of: $0, environments) }
        }
    }

    public func deployment(_ selector: DeploymentSelector, of model: ModelID) async throws -> DeploymentView {
        current(
            try await cache.answer(.deployment(selector, model)) { [self] db in
                try view(of: db.existing(selector, of: model), in: db)
            })
    }

    /// A deployment by its id alone, as the client's GraphQL asks for it.
    public func deployment(anyModel id: DeploymentID) async throws -> DeploymentView {
        try await store.read { [self] db in
            guard let deployment = try db.deployment(id) else {
                throw ControlError.notFound("There is no deployment \(id).")
            }
            return try view(of: deployment, in: db)
        }
    }

    public func environments(of model: ModelID) async throws -> [EnvironmentView] {
        try await store.read { [self] db in
            _ = try db.existing(model)
            return try db.environments(of: model).map { try view(of: $0, in: db) }
        }
    }

    public func environment(_ name: String, of model: ModelID) async throws -> EnvironmentView {
        try await store.read { [self] db in
            _ = try db.existing(model)
            return try view(of: db.existing(name, of: model), in: db)
        }
    }

    /// The current deployment of an environment.
    /// - Throws: `ControlError.notFound` when it has none.
    public func environmentDeployment(
        _ name: String, of model: ModelID
    ) async throws -> DeploymentSelector {
        try await store.read { db in
            _ = try db.existing(model)
            guard let current = try db.existing(name, of: model).currentDeploymentID else {
                throw ControlError.notFound("Environment \(name) of model \(model) has no deployment.")
            }
            return .id(current)
        }
    }

    // MARK: Views

    private func view(of summary: ModelSummary) -> ModelView {
        ModelView(
            model: summary.model, teamName: summary.teamName, deploymentsCount: summary.deploymentsCount,
            productionDeploymentID: summary.productionDeploymentID,
            developmentDeploymentID: summary.developmentDeploymentID,
            instanceTypeName: summary.instanceTypeID.flatMap(dependencies.catalogue.type(withID:))?.name ?? ""
        )
    }

    private func detailedView(of model: Model, in db: StoreReader) throws -> DetailedModelView {
        let environments = try db.environments(of: model.id)
        return DetailedModelView(
            model: model, teamName: try db.team(model.teamID)?.name ?? "",
            deployments: try db.deployments(of: model.id).map { view(of: $0, environments) })
    }

    func view(of deployment: Deployment, in db: StoreReader) throws -> DeploymentView {
        view(of: deployment, try db.environments(of: deployment.modelID))
    }

    func view(of deployment: Deployment, _ environments: [Environment]) -> DeploymentView {
        DeploymentView(
            deployment: deployment, activeReplicas: board.readyReplicas(of: deployment.id),
            environment: environments.first { $0.currentDeploymentID == deployment.id }?.name,
            instanceType: dependencies.catalogue.type(withID: deployment.instanceTypeID),
            backpressure: deployment.backpressure(among: environments))
    }

    func view(of environment: Environment, in db: StoreReader) throws -> EnvironmentView {
        let environments = try db.environments(of: environment.modelID)
        let current = try environment.currentDeploymentID.flatMap { try db.deployment($0) }
            .map { view(of: $0, environments) }
        let promotion = try db.latestPromotion(into: environment.name, of: environment.modelID)
        let candidate = try promotion.flatMap {
            try $0.status.isTerminal ? nil : db.deployment($0.candidateID)
        }.map { view(of: $0, environments) }
        let newest = try db.deployments(of: environment.modelID).first.map { view(of: $0, environments) }
        guard
            let type = (current ?? candidate ?? newest)?.instanceType ?? dependencies.catalogue.types.first
        else { throw ControlError.unavailable("The instance catalogue is empty.") }
        return EnvironmentView(
            environment: environment, current: current, candidate: candidate,
            promotion: promotion.flatMap { isWorthShowing($0) ? $0 : nil }, instanceType: type,
            activeScheduleID: environment.activeSchedule(at: dependencies.wallNow)?.id)
    }

    /// The view with the replicas of now: they change without a write.
    private func current(_ view: DeploymentView) -> DeploymentView {
        var view = view
        view.activeReplicas = board.readyReplicas(of: view.deployment.id)
        return view
    }

    private func current(_ view: DetailedModelView) -> DetailedModelView {
        var view = view
        view.deployments = view.deployments.map(current)
        return view
    }

    private func isWorthShowing(_ promotion: Promotion) -> Bool {
        guard promotion.status == .succeeded, let ended = promotion.endedAt else { return true }
        return now - ended < succeededPromotionShown
    }
}
