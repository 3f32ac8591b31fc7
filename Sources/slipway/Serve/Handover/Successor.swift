// The old server's side: somebody asks for its place; it gives the listening sockets away, ends everything but the
// requests it has, and serves those by what its successor tells.

import Foundation
import SlipwayCore
import SlipwayGateway
import SlipwaySockets
import Synchronization

/// The server that takes this process's place.
final class Successor: Sendable {
    /// How often it hears of the requests that are left.
    private static let reportInterval: Duration = .milliseconds(100)

    /// To go on with if it never serves.
    let sockets: [PassedSocket]
    private let link: HandoverLink

    /// - Parameter sockets: given away with this.
    init(_ link: HandoverLink, sockets: [PassedSocket]) {
        self.sockets = sockets
        self.link = link
        link.send(.sockets(sockets.map(\.kind)), sockets: sockets.map(\.socket))
    }

    /// Everything is put down; true once the successor serves, false when it went away before.
    func takes() async -> Bool {
        link.send(.yours)
        for await (message, _) in link.messages {
            if case .serving = message { return true }
        }
        return false
    }

    /// Serves the requests that are left, for at most `limit`.
    func serveRest(_ gateway: Gateway, _ observer: SwitchedObserver, limit: Duration) async {
        for one in sockets { one.socket.close() }
        observer.switch(to: SuccessorObserver(link: link))
        let table = Mutex(0)
        let begin = gateway.load()
        let reading = Task { [link] in
            for await (message, _) in link.messages {
                guard case .table(let next, let number) = message else { continue }
                gateway.publish(next)
                table.withLock { $0 = number }
            }
        }
        let deadline = ContinuousClock.now + limit
        while gateway.openConnections > 0, ContinuousClock.now < deadline, !Task.isCancelled {
            link.send(.report(report(of: gateway, since: begin, table: table.withLock { $0 })))
            try? await Task.sleep(for: Self.reportInterval)
        }
        await gateway.shutdown(grace: .zero)
        link.send(.report(report(of: gateway, since: begin, table: table.withLock { $0 })))
        await link.flush()
        reading.cancel()
        link.end()
    }

    private func report(
        of gateway: Gateway, since begin: [DeploymentID: DeploymentLoad], table: Int
    ) -> LeavingReport {
        // The number first: what is in flight is then at least as new as the table.
        var report = LeavingReport()
        report.table = table
        report.loads = LeavingReport.since(begin, gateway.load())
        report.busyReplicas = gateway.busyReplicas
        report.traffic = gateway.takeTraffic()
        return report
    }
}

private struct SuccessorObserver: DemandObserver {
    let link: HandoverLink

    func demand(for deployment: DeploymentID) { link.send(.demand(deployment)) }
    func connectionFailed(replica: ReplicaID, of deployment: DeploymentID) {
        link.send(.connectionFailed(replica, deployment))
    }
    func log(_ entry: LogEntry, of deployment: DeploymentID) { link.send(.log(entry, deployment)) }
}
