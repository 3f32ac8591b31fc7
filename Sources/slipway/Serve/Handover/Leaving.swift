// What is left of a server that hands over: a gateway with requests, which another controller routes from now on.

import SlipwayControl
import SlipwayCore
import SlipwayGateway
import Synchronization

/// A gateway of before that still has requests, here or in another process.
protocol EarlierGateway: Sendable {
    /// Gives it every table from now on.
    func follow(_ gateway: SharedGateway)
    /// This server accepts connections now.
    func serving()
    /// Hears what it reports until it has ended.
    func listen(_ gateway: SharedGateway, _ inbox: DemandInbox) async
}

final class Leaving: Sendable {
    /// How often the new controller hears of the requests that are left.
    private static let reportInterval: Duration = .milliseconds(100)

    let observer: SwitchedObserver
    let successor: Successor
    private let front: FrontDoor
    private let limit: Duration
    private let table = Mutex(0)

    /// - Parameter limit: for the requests that are left.
    init(front: FrontDoor, observer: SwitchedObserver, successor: Successor, limit: Duration) {
        self.front = front
        self.observer = observer
        self.successor = successor
        self.limit = limit
    }

    /// - Parameter number: of the table, counted by the new controller.
    func take(_ table: RoutingTable, _ number: Int) {
        front.gateway.publish(table)
        self.table.withLock { $0 = max($0, number) }
    }

    /// Finishes the requests under the successor's control.
    func serveRest() async { await successor.serveRest(self) }

    /// Returns when the last connection has ended, or the limit or the task's cancellation has ended it.
    func finish(report: @Sendable (LeavingReport) -> Void) async {
        let begin = front.gateway.load()
        let deadline = ContinuousClock.now + limit
        while front.gateway.openConnections > 0, ContinuousClock.now < deadline, !Task.isCancelled {
            report(self.report(since: begin))
            try? await Task.sleep(for: Self.reportInterval)
        }
        await front.gateway.shutdown(grace: .zero)
        await front.edge.close()
        report(self.report(since: begin))
    }

    private func report(since begin: [DeploymentID: DeploymentLoad]) -> LeavingReport {
        // The number first: what is in flight is then at least as new as the table.
        var report = LeavingReport()
        report.table = table.withLock { $0 }
        report.loads = LeavingReport.since(begin, front.gateway.load())
        report.busyReplicas = front.gateway.busyReplicas
        report.traffic = front.gateway.takeTraffic()
        return report
    }
}

/// Where the successor has died and this process goes on, with a controller of its own again.
extension Leaving: EarlierGateway {
    func follow(_ gateway: SharedGateway) { gateway.add { [self] table, number in take(table, number) } }

    func serving() {}

    func listen(_ gateway: SharedGateway, _ inbox: DemandInbox) async {
        observer.switch(to: inbox)
        await finish { gateway.received($0) }
        gateway.left()
    }
}
