// Collects what the gateway reports from its event loops until the controller looks.

import SlipwayCore
import SlipwayGateway
import SlipwayLogs
import Synchronization

/// The gateway's side is lock-short and never waits; the controller takes everything at once.
public final class DemandInbox: DemandObserver, Sendable {
    private let demanded = Mutex<Set<DeploymentID>>([])
    private let suspected = Mutex<Set<ReplicaID>>([])
    private let logs: LogStore
    private let bell: AsyncStream<Void>.Continuation
    /// Rings when there is something to look at; at most one ring waits.
    let rings: AsyncStream<Void>

    public init(logs: LogStore) {
        self.logs = logs
        (rings, bell) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    /// Asks the controller to look now.
    func ring() { bell.yield() }

    public func demand(for deployment: DeploymentID) {
        let isNew = demanded.withLock { $0.insert(deployment).inserted }
        if isNew { ring() }
    }

    public func connectionFailed(replica: ReplicaID, of deployment: DeploymentID) {
        let isNew = suspected.withLock { $0.insert(replica).inserted }
        if isNew { ring() }
    }

    public func log(_ entry: LogEntry, of deployment: DeploymentID) { logs.append(entry, to: deployment) }

    func takeDemand() -> Set<DeploymentID> {
        demanded.withLock { set in
            defer { set = [] }
            return set
        }
    }

    func takeSuspects() -> Set<ReplicaID> {
        suspected.withLock { set in
            defer { set = [] }
            return set
        }
    }
}
