// How many replicas each deployment has and wants, for metrics.

import SlipwayCore

struct ReplicaCensus: Sendable {
    /// Ready to serve.
    var active = 0
    /// Waiting for resources or loading.
    var starting = 0
    var desired = 0
    var replicas: [ReplicaID] = []
}

extension Controller {
    /// Those of them that there are, as of the last pass.
    func existing(of ids: Set<DeploymentID>) -> Set<DeploymentID> {
        ids.filter { records.deployments[$0] != nil }
    }

    func census() -> [DeploymentID: ReplicaCensus] {
        var result: [DeploymentID: ReplicaCensus] = [:]
        for id in records.awake where records.deployments[id]?.desired == .running {
            result[id] = ReplicaCensus()
        }
        for replica in replicas.values where replica.drainingSince == nil && !replica.hasExited {
            var census = result[replica.deploymentID] ?? ReplicaCensus()
            if replica.phase == .ready { census.active += 1 } else { census.starting += 1 }
            census.replicas.append(replica.id)
            result[replica.deploymentID] = census
        }
        for (id, state) in scalers { result[id]?.desired = state.target }
        return result
    }
}
