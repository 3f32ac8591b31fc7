// The new server's side: it asks the one that runs for its place, and routes for it until its last request has ended.

import Foundation
import SlipwayControl
import SlipwayGateway
import SlipwaySockets

/// The server whose place this process takes.
final class Predecessor: EarlierGateway {
    let sockets: [PassedSocket]
    private let link: HandoverLink

    private init(sockets: [PassedSocket], link: HandoverLink) {
        self.sockets = sockets
        self.link = link
    }

    /// Asks the server that listens at `path` and returns when it has put everything down, or has died after it gave its
    /// sockets.
    /// - Throws: `SettingsError` when it does not answer or goes away in between.
    static func ask(at path: String) async throws -> Predecessor {
        let link: HandoverLink
        do {
            link = HandoverLink(try MessageSocket.connect(to: path))
        } catch {
            throw SettingsError(
                description:
                    "The server that uses this data directory cannot be asked to hand over: \(error).")
        }
        link.send(.takeOver(version: Version.text))
        var sockets: [PassedSocket] = []
        for await (message, files) in link.messages {
            switch message {
            case .sockets(let kinds):
                sockets += try zip(kinds, files).map {
                    PassedSocket(kind: $0, socket: try BoundSocket(listening: $1))
                }
            case .yours: return Predecessor(sockets: sockets, link: link)
            default: break
            }
        }
        // It has died on the way: what it gave is all there is of it.
        if !sockets.isEmpty { return Predecessor(sockets: sockets, link: link) }
        throw SettingsError(
            description: "The server that uses this data directory ended before it handed over.")
    }

    func follow(_ gateway: SharedGateway) {
        gateway.add { [link] table, number in link.send(.table(table, number: number)) }
    }

    func serving() { link.send(.serving) }

    func listen(_ gateway: SharedGateway, _ inbox: DemandInbox) async {
        for await (message, _) in link.messages {
            switch message {
            case .report(let report): gateway.received(report)
            case .demand(let id): inbox.demand(for: id)
            case .connectionFailed(let replica, let id): inbox.connectionFailed(replica: replica, of: id)
            case .log(let entry, let id): inbox.log(entry, of: id)
            default: break
            }
        }
        gateway.left()
    }
}
