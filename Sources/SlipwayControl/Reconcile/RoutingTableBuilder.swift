// From the stored records and the running replicas to the gateway's next snapshot.

import SlipwayCore
import SlipwayEngine
import SlipwayGateway
import SlipwayStore

/// All durable records a pass looks at, read in one transaction.
struct Snapshot: Sendable, Equatable {
    var models: [ModelID] = []
    var deployments: [Deployment] = []
    var environments: [Environment] = []
    /// Those that run.
    var promotions: [Promotion] = []
    /// Promotions that have succeeded and can still be taken back.
    var watches: [Promotion] = []
    var keys: [APIKeyRecord] = []
}

extension Snapshot {
    /// What is stored now, of the kinds given; the rest as it was in `old`.
    init(reading kinds: Set<RecordKind>, _ old: Snapshot, from db: StoreReader) throws {
        self = old
        if kinds.contains(.models) { models = try db.modelIDs() }
        if kinds.contains(.deployments) { deployments = try db.deployments() }
        if kinds.contains(.environments) { environments = try db.environments() }
        if kinds.contains(.promotions) {
            promotions = try db.runningPromotions()
            watches = try db.watchedPromotions()
        }
        if kinds.contains(.apiKeys) { keys = try db.apiKeys() }
    }
}

enum RoutingTableBuilder {
    /// - Parameters:
    ///   - images: of the deployments, as far as they are known.
    ///   - looping: deployments whose replicas end one after another.
    static func table(
        _ snapshot: Snapshot, replicas: [ReplicaID: Replica], images: [ImageID: BuiltImage],
        looping: Set<DeploymentID>
    ) -> RoutingTable {
        var table = RoutingTable()
        for key in snapshot.keys {
            guard let digest = KeyText.bytes(hex: key.digest) else { continue }
            table.keys[KeyDigest(bytes: digest)] = key.grant
        }
        for model in snapshot.models { table.models[model] = ModelRoutes() }
        for environment in snapshot.environments {
            table.models[environment.modelID]?.environments.updateValue(
                environment.currentDeploymentID, forKey: environment.name)
        }
        let serving = Dictionary(
            grouping: replicas.values.filter { $0.phase == .ready && $0.drainingSince == nil },
            by: \.deploymentID)
        // One whose readiness route fails is not about to be replaced: nothing is to be waited for.
        let refusing = looping.union(
            replicas.values.filter { $0.phase == .unhealthy && $0.drainingSince == nil }.map(\.deploymentID))
        for promotion in snapshot.promotions where promotion.rollout.percent > 0 {
            table.models[promotion.modelID]?.splits[promotion.environment] = split(of: promotion, serving)
        }
        let environments = Dictionary(grouping: snapshot.environments, by: \.modelID)
        let tokenTargets = tokenTargets(snapshot)
        for deployment in snapshot.deployments {
            table.models[deployment.modelID]?.deployments.insert(deployment.id)
            if deployment.isDevelopment { table.models[deployment.modelID]?.development = deployment.id }
            var routes = (serving[deployment.id] ?? []).sorted { $0.id < $1.id }.compactMap { replica in
                replica.endpoint.map { ReplicaRoute(replicaID: replica.id, endpoint: $0) }
            }
            if PlantedBug.isPlanted(.leavesOutReplicas) { routes = routes.dropLast() }
            let image = deployment.imageID.flatMap { images[$0] }
            table.deployments[deployment.id] = DeploymentRoute(
                deploymentID: deployment.id, modelID: deployment.modelID,
                predictPath: image?.predictPath ?? BuiltImage.trussPredictPath,
                availability: routes.isEmpty
                    ? availability(of: deployment, isRestarting: !refusing.contains(deployment.id)) : .open,
                webSocketPath: image?.webSocketPath, replicas: routes,
                concurrencyLimit: image?.concurrencyLimit,
                rejectsWhenFull: deployment.backpressure(among: environments[deployment.modelID] ?? [])
                    == .rejectOnFull, targetInFlightTokens: tokenTargets[deployment.id])
        }
        return table
    }

    /// The deployments whose tokens are counted. A candidate has no settings of its environment yet, but carries one
    /// load with the deployment it takes over from.
    private static func tokenTargets(_ snapshot: Snapshot) -> [DeploymentID: Int] {
        var targets: [DeploymentID: Int] = [:]
        for deployment in snapshot.deployments {
            guard let target = deployment.autoscaling.targetInFlightTokens else { continue }
            targets[deployment.id] = target
        }
        for promotion in snapshot.promotions where targets[promotion.candidateID] == nil {
            targets[promotion.candidateID] = promotion.previousID.flatMap { targets[$0] }
        }
        return targets
    }

    /// The shares the promotion has decided on; all goes to one side while the other has nothing that is ready.
    private static func split(
        of promotion: Promotion, _ serving: [DeploymentID: [Replica]]
    ) -> TrafficSplit? {
        let canServe = (
            candidate: serving[promotion.candidateID] != nil,
            previous: promotion.previousID.map { serving[$0] != nil } ?? false
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
