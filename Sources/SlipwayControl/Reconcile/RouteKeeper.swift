// From the records and the running replicas to the gateway's routing table, which follows what changes.

import SlipwayCore
import SlipwayEngine
import SlipwayGateway

/// What of the table may have to be another: it is made again, and the rest is left alone.
struct RouteChanges: Sendable, Equatable {
    var models: Set<ModelID> = []
    var deployments: Set<DeploymentID> = []
    var keys: Set<KeyDigest> = []

    var isEmpty: Bool { self == RouteChanges() }

    mutating func add(_ news: RecordNews) {
        models.formUnion(news.models)
        deployments.formUnion(news.deployments)
        deployments.formUnion(news.affected)
        keys.formUnion(news.keys)
    }
}

/// What routes are made of beside the records.
struct ObservedReplicas {
    /// Replicas that are not about to leave.
    var byDeployment: [DeploymentID: [Replica]]
    /// Of the deployments, as far as they are known.
    var images: [ImageID: BuiltImage]
    /// Deployments whose replicas end one after another.
    var looping: Set<DeploymentID>

    init(replicas: some Sequence<Replica>, images: [ImageID: BuiltImage], looping: Set<DeploymentID>) {
        byDeployment = Dictionary(
            grouping: replicas.filter { $0.drainingSince == nil }, by: \.deploymentID)
        self.images = images
        self.looping = looping
    }

    func ready(_ deployment: DeploymentID) -> [Replica] {
        (byDeployment[deployment] ?? []).filter { $0.phase == .ready }
    }

    /// One that loops, or whose readiness route fails, is not about to be replaced: nothing is to be waited for.
    func refuses(_ deployment: DeploymentID) -> Bool {
        looping.contains(deployment)
            || (byDeployment[deployment] ?? []).contains { $0.phase == .unhealthy }
    }
}

struct RouteKeeper {
    private(set) var table = RoutingTable()

    /// Makes again what may have changed.
    /// - Returns: whether the table is another one now.
    mutating func follow(
        _ changes: RouteChanges, _ records: Records, _ observed: ObservedReplicas
    ) -> Bool {
        var isNew = false
        for key in changes.keys where table.keys[key] != records.grants[key] {
            table.set(records.grants[key], for: key)
            isNew = true
        }
        for model in changes.models where followModel(model, records, observed) { isNew = true }
        for id in changes.deployments where followDeployment(id, records, observed) { isNew = true }
        return isNew
    }

    private mutating func followModel(
        _ model: ModelID, _ records: Records, _ observed: ObservedReplicas
    ) -> Bool {
        guard records.models.contains(model) else {
            guard table.models[model] != nil else { return false }
            table.update(model) { $0 = nil }
            return true
        }
        let environments = Self.environments(of: model, records, observed)
        let splits = Self.splits(of: model, records, observed)
        if let routes = table.models[model], routes.environments == environments, routes.splits == splits {
            return false
        }
        table.update(model) { routes in
            var changed = routes ?? ModelRoutes()
            (changed.environments, changed.splits) = (environments, splits)
            routes = changed
        }
        return true
    }

    private static func environments(
        of model: ModelID, _ records: Records, _ observed: ObservedReplicas
    ) -> [String: DeploymentID?] {
        records.environments(of: model).reduce(into: [:]) {
            let newcomer = $1.newcomer(records.promotions) {
                !observed.ready($0).isEmpty || records.deployments[$0]?.status == .active
            }
            $0.updateValue($1.currentDeploymentID ?? newcomer, forKey: $1.name)
        }
    }

    private static func splits(
        of model: ModelID, _ records: Records, _ observed: ObservedReplicas
    ) -> [String: TrafficSplit] {
        records.promotions.reduce(into: [:]) { splits, promotion in
            guard promotion.modelID == model, promotion.rollout.percent > 0 else { return }
            splits[promotion.environment] = split(of: promotion, observed)
        }
    }

    private mutating func followDeployment(
        _ id: DeploymentID, _ records: Records, _ observed: ObservedReplicas
    ) -> Bool {
        guard let deployment = records.deployments[id] else {
            guard let old = table.deployments[id] else { return false }
            table.set(nil, for: id)
            if table.models[old.modelID] != nil { table.update(old.modelID) { $0?.remove(id) } }
            return true
        }
        let routes = table.models[deployment.modelID]
        let isDevelopment = routes?.development == id
        var isNew = table.set(Self.route(of: deployment, records, observed), for: id)
        if let routes, !routes.deployments.contains(id) || isDevelopment != deployment.isDevelopment {
            table.update(deployment.modelID) { $0?.insert(deployment) }
            isNew = true
        }
        return isNew
    }

    /// The route of a deployment as it should be.
    static func route(
        of deployment: Deployment, _ records: Records, _ observed: ObservedReplicas
    ) -> DeploymentRoute {
        let id = deployment.id
        var routes = observed.ready(id).sorted { $0.id < $1.id }.compactMap { replica in
            replica.endpoint.map { ReplicaRoute(replicaID: replica.id, endpoint: $0) }
        }
        if PlantedBug.isPlanted(.leavesOutReplicas) { routes = routes.dropLast() }
        // Without a replica nothing is asked of an image, which may not even be known.
        let image = routes.isEmpty ? nil : deployment.imageID.flatMap { observed.images[$0] }
        let environments = records.environments(of: deployment.modelID)
        return DeploymentRoute(
            deploymentID: id, modelID: deployment.modelID,
            predictPath: image?.predictPath ?? BuiltImage.trussPredictPath,
            availability: routes.isEmpty
                ? availability(of: deployment, isRestarting: !observed.refuses(id)) : .open,
            webSocketPath: image?.webSocketPath, replicas: routes,
            concurrencyLimit: image?.concurrencyLimit,
            rejectsWhenFull: deployment.backpressure(among: environments) == .rejectOnFull,
            targetInFlightTokens: tokenTarget(of: deployment, records))
    }

    /// Nil where tokens are not counted. A candidate has no settings of its environment yet, but carries one load with the
    /// deployment it takes over from.
    private static func tokenTarget(of deployment: Deployment, _ records: Records) -> Int? {
        deployment.autoscaling.targetInFlightTokens
            ?? records.promotions.last { $0.candidateID == deployment.id }?.previousID.flatMap {
                records.deployments[$0]?.autoscaling.targetInFlightTokens
            }
    }

    /// The shares the promotion has decided on; all goes to one side while the other has nothing that is ready.
    private static func split(of promotion: Promotion, _ observed: ObservedReplicas) -> TrafficSplit? {
        let canServe = (
            candidate: !observed.ready(promotion.candidateID).isEmpty,
            previous: promotion.previousID.map { !observed.ready($0).isEmpty } ?? false
        )
        if !canServe.candidate, canServe.previous { return nil }
        let percent = canServe.candidate && !canServe.previous ? 100 : promotion.rollout.percent
        return TrafficSplit(candidate: promotion.candidateID, percent: percent)
    }

    /// The table of behaviour.md section 6.4 for a deployment without a ready replica.
    ///
    /// - Parameter isRestarting: its replica has crashed and another one is started, not for the second time in a row.
    static func availability(
        of deployment: Deployment, isRestarting: Bool
    ) -> DeploymentRoute.Availability {
        let because = deployment.statusReason.map { " (\($0))" } ?? ""
        switch deployment.status {
        case .building, .deploying, .loadingModel, .active, .updating, .scaledToZero, .wakingUp:
            return .open
        case .unhealthy:
            if isRestarting { return .open }
            return .refused(
                PlatformError(
                    status: 500, code: "model_unavailable", message: "Model is unhealthy\(because)."))
        case .deactivating, .inactive:
            return .refused(
                PlatformError(
                    status: 404, code: "model_unavailable",
                    message:
                        "Deployment \(deployment.id) is \(deployment.status.rawValue). Activate it first."))
        case .buildFailed, .buildStopped, .deployFailed, .failed:
            return .refused(
                PlatformError(
                    status: 404, code: "model_unavailable",
                    message: "Deployment \(deployment.id) is \(deployment.status.rawValue)\(because)."))
        }
    }
}

extension ModelRoutes {
    fileprivate mutating func insert(_ deployment: Deployment) {
        deployments.insert(deployment.id)
        if deployment.isDevelopment {
            development = deployment.id
        } else if development == deployment.id {
            development = nil
        }
    }

    fileprivate mutating func remove(_ id: DeploymentID) {
        deployments.remove(id)
        if development == id { development = nil }
    }
}
