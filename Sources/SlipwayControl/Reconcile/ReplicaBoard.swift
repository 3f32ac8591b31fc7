// What the façade may know of running replicas without asking the controller.

import SlipwayCore
import Synchronization

/// Ready replicas by deployment, as of the controller's last pass.
final class ReplicaBoard: Sendable {
    private let ready = Mutex<[DeploymentID: Int]>([:])

    func readyReplicas(of deployment: DeploymentID) -> Int { ready.withLock { $0[deployment] ?? 0 } }

    func publish(_ counts: [DeploymentID: Int]) { ready.withLock { $0 = counts } }
}
