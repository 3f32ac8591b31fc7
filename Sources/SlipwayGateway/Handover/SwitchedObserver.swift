// Tells what a gateway reports to whoever controls it: this process, and after a handover the next one.

import SlipwayCore
import Synchronization

public final class SwitchedObserver: DemandObserver, Sendable {
    private let current: Mutex<any DemandObserver>

    public init(_ first: any DemandObserver) { current = Mutex(first) }

    public func `switch`(to next: any DemandObserver) { current.withLock { $0 = next } }

    private var observer: any DemandObserver { current.withLock { $0 } }

    public func demand(for deployment: DeploymentID) { observer.demand(for: deployment) }

    public func connectionFailed(replica: ReplicaID, of deployment: DeploymentID) {
        observer.connectionFailed(replica: replica, of: deployment)
    }

    public func log(_ entry: LogEntry, of deployment: DeploymentID) { observer.log(entry, of: deployment) }
}
