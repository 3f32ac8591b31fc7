// The old server's side: somebody asks for its place; it gives the listening sockets away and ends everything but the
// requests it has.

import Foundation
import SlipwayCore
import SlipwayGateway
import SlipwaySockets
import Synchronization

/// The server that takes this process's place.
final class Successor: Sendable {
    /// Sockets that go with one message.
    private static let together = 100

    /// To go on with if it never serves.
    let sockets: [PassedSocket]
    private let link: HandoverLink
    /// The newest table it has sent before it served.
    private let early = Mutex<(table: RoutingTable, number: Int)?>(nil)

    /// - Parameter sockets: given away with this.
    init(_ link: HandoverLink, sockets: [PassedSocket]) {
        self.sockets = sockets
        self.link = link
        for first in stride(from: 0, to: sockets.count, by: Self.together) {
            let some = sockets[first..<min(first + Self.together, sockets.count)]
            link.send(.sockets(some.map(\.kind)), sockets: some.map(\.socket))
        }
    }

    /// Everything is put down; true once the successor serves, false when it went away before. One that does neither is
    /// ended by force: while it has the data directory nobody serves, and this process must not go on beside it.
    func takes(within limit: Duration) async -> Bool {
        link.send(.yours)
        // Either it serves, or it is late: whoever says so first.
        let isDecided = Atomic(false)
        let patience = Task { [link] in
            try await Task.sleep(for: limit)
            if !isDecided.exchange(true, ordering: .relaxed) { link.killPeer() }
        }
        defer { patience.cancel() }
        for await (message, _) in link.messages {
            switch message {
            case .serving:
                if !isDecided.exchange(true, ordering: .relaxed) { return true }
            case .table(let table, let number): early.withLock { $0 = (table, number) }
            default: break
            }
        }
        return false
    }

    /// Lets it control the gateway that is left, until that has ended.
    func serveRest(_ leaving: Leaving) async {
        for one in sockets { one.socket.close() }
        leaving.observer.switch(to: SuccessorObserver(link: link))
        let reading = Task { [link] in
            for await (message, _) in link.messages {
                if case .table(let table, let number) = message { leaving.take(table, number) }
            }
        }
        if let (table, number) = early.withLock({ $0 }) { leaving.take(table, number) }
        await leaving.finish { [link] in link.send(.report($0)) }
        await link.flush()
        reading.cancel()
        link.end()
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
