// Tells running replicas the name of the environment they serve: a deployment that is promoted as it is learns it
// without a restart (Truss then calls the model's `setup_environment`).

import SlipwayCore

extension Controller {
    func announceEnvironments() async {
        guard let snapshot = lastPublished else { return }
        var names: [DeploymentID: String] = [:]
        for environment in snapshot.environments {
            if let current = environment.currentDeploymentID { names[current] = environment.name }
        }
        // A candidate is told before it gets the first request.
        for promotion in snapshot.promotions { names[promotion.candidateID] = promotion.environment }
        environmentNames = environmentNames.filter { replicas[$0.key] != nil }
        for replica in replicas.values where !replica.hasExited && replica.phase != .starting {
            let name = names[replica.deploymentID]
            guard environmentNames[replica.id] != .some(name) else { continue }
            environmentNames[replica.id] = .some(name)
            await engine.setEnvironment(name, of: replica.id)
        }
    }
}
