// The client connections of one event loop: how they come, and how they end with the gateway.

import SlipwayCore
import SlipwaySockets
import Synchronization

/// What the loops of a gateway know of each other.
final class LoopPeer: Sendable {
    let thread: ReactorThread
    /// Client connections that are open.
    let connections = Atomic(0)

    init(thread: ReactorThread) { self.thread = thread }
}

extension LoopServices {
    /// Throws when the loop cannot watch the socket.
    /// - Parameter number: of a socket that may be closed before the others.
    func listen(_ socket: BoundSocket, kind: ListenerKind, number: Int? = nil) throws {
        let listener = try ListeningSocket(socket, on: reactor) { [unowned self] file, client in
            accept(file, from: client, kind: kind)
        }
        if let number {
            attached[number]?.close()
            attached[number] = listener
        } else {
            listeners.append(listener)
        }
    }

    func stopListening(_ number: Int) { attached.removeValue(forKey: number)?.close() }

    private func accept(_ file: Int32, from client: Endpoint?, kind: ListenerKind) {
        var address: String?
        if case .internet(let text, _) = client { address = text }
        let origin = ConnectionOrigin(address: address, isSecure: false)
        let next = leastBusyPeer
        guard next !== peer else { return adopt(file, kind: kind, origin: origin) }
        next.thread.submit { reactor in
            guard let loop = reactor.attachment as? LoopServices else { return BoundSocket.discard(file) }
            loop.adopt(file, kind: kind, origin: origin)
        }
    }

    /// The loop that gets a new connection: connections may stay for long, and the kernel wakes whichever loop it likes.
    private var leastBusyPeer: LoopPeer {
        var (best, least) = (peer, peer.connections.load(ordering: .relaxed))
        for other in peers {
            let count = other.connections.load(ordering: .relaxed)
            if count < least { (best, least) = (other, count) }
        }
        return best
    }

    /// Serves a connection that has been made already.
    func adopt(_ file: Int32, kind: ListenerKind, origin: ConnectionOrigin) {
        do {
            _ = try ClientConnection(file, loop: self, listener: kind, origin: origin)
        } catch {
            plane.logger.warning("connection refused", metadata: ["error": "\(error)"])
        }
    }

    func opened(_ client: ClientConnection) {
        clients[ObjectIdentifier(client)] = client
        plane.openConnections.add(1, ordering: .relaxed)
        peer.connections.add(1, ordering: .relaxed)
    }

    func closed(_ client: ClientConnection) {
        clients[ObjectIdentifier(client)] = nil
        plane.openConnections.subtract(1, ordering: .relaxed)
        peer.connections.subtract(1, ordering: .relaxed)
    }

    /// Connections stay, idle ones for a while: a request may be on its way on them.
    func leave() {
        for client in clients.values { client.leave() }
    }

    /// Accepts no more.
    func stopListening() {
        for listener in listeners + Array(attached.values) { listener.close() }
        (listeners, attached) = ([], [:])
    }

    /// Closes idle connections at once and others after their answer.
    func quiesce() {
        for client in Array(clients.values) { client.quiesce() }
    }

    /// Closes everything.
    func close() {
        for client in Array(clients.values) { client.close() }
        pool.close()
    }
}
