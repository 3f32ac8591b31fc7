// From a target's name to a deployment, in one snapshot of the routing table.

import SlipwayCore

/// Where a request wants to go, kept for the whole request so that asking again gives the same side of a split.
struct RouteQuery: Sendable {
    var model: ModelID
    var target: InferenceTarget
    /// 0–99; below a split's percentage it goes to the candidate.
    var lot: Int
}

extension RoutingTable {
    /// The deployment that the query stands for now; throws the 404 that says what is missing.
    func resolve(_ query: RouteQuery) throws(PlatformError) -> DeploymentID {
        let (model, target) = (query.model, query.target)
        guard let routes = models[model] else { throw PlatformErrors.unknownModel(model) }
        switch target {
        case .development:
            guard let id = routes.development else { throw PlatformErrors.noDevelopment(model) }
            return id
        case .environment(let name):
            guard let current = routes.environments[name] else {
                throw PlatformErrors.unknownEnvironment(name, model)
            }
            // Until something was promoted, what there is serves production.
            let only = name == "production" ? routes.development : nil
            guard let id = current ?? only else { throw PlatformErrors.emptyEnvironment(name, model) }
            return routes.splits[name].map { side(of: $0, current: id, lot: query.lot) } ?? id
        case .deployment(let id):
            guard routes.deployments.contains(id) else { throw PlatformErrors.unknownDeployment(id, model) }
            return id
        }
    }

    /// A side without a ready replica gives its requests to the other.
    private func side(of split: TrafficSplit, current: DeploymentID, lot: Int) -> DeploymentID {
        let (first, other) = lot < split.percent ? (split.candidate, current) : (current, split.candidate)
        let isEmpty = deployments[first]?.replicas.isEmpty ?? true
        let otherIsReady = split.percent > 0 && deployments[other]?.replicas.isEmpty == false
        return isEmpty && otherIsReady ? other : first
    }
}
