// From a target's name to a deployment, in one snapshot of the routing table.

import SlipwayCore

extension RoutingTable {
    /// The deployment that `target` of `model` stands for now; throws the 404 that says what is missing.
    func resolve(_ target: InferenceTarget, of model: ModelID) throws(PlatformError) -> DeploymentID {
        guard let routes = models[model] else { throw PlatformErrors.unknownModel(model) }
        switch target {
        case .development:
            guard let id = routes.development else { throw PlatformErrors.noDevelopment(model) }
            return id
        case .environment(let name):
            guard let current = routes.environments[name] else {
                throw PlatformErrors.unknownEnvironment(name, model)
            }
            guard let id = current else { throw PlatformErrors.emptyEnvironment(name, model) }
            return id
        case .deployment(let id):
            guard routes.deployments.contains(id) else { throw PlatformErrors.unknownDeployment(id, model) }
            return id
        }
    }

    /// What the Authorization header's value entitles to; nil when it is missing, malformed or unknown.
    func grant(authorization: [String]) -> APIKeyGrant? {
        guard authorization.count == 1, let digest = KeyDigest(authorization: authorization[0]) else {
            return nil
        }
        return keys[digest]
    }
}
