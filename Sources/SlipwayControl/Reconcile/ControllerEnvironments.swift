// Tells running replicas the name of the environment they serve: a deployment that is promoted as it is learns it
// without a restart (Truss then calls the model's `setup_environment`).

import SlipwayCore

extension Controller {
    func announceEnvironments() async {
        environmentNames = environmentNames.filter { replicas[$0.key] != nil }
        for replica in replicas.values where !replica.hasExited && replica.phase != .starting {
            // A candidate is told before it gets the first request.
            let model = records.deployments[replica.deploymentID]?.modelID
            let name = Environment.name(
                for: replica.deploymentID, among: model.map(records.environments(of:)) ?? [],
                records.promotions)
            guard environmentNames[replica.id] != .some(name) else { continue }
            environmentNames[replica.id] = .some(name)
            await engine.setEnvironment(name, of: replica.id)
        }
    }
}
