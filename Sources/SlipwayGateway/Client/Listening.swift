// The client connections of one event loop: how they come, and how they end with the gateway.

import SlipwayCore
import SlipwaySockets

extension LoopServices {
    /// Throws when the loop cannot watch the socket.
    func listen(_ socket: BoundSocket, kind: ListenerKind) throws {
        listeners.append(
            try ListeningSocket(socket, on: reactor) { [unowned self] file, peer in
                accept(file, from: peer, kind: kind)
            })
    }

    private func accept(_ file: Int32, from peer: Endpoint?, kind: ListenerKind) {
        var address: String?
        if case .internet(let text, _) = peer { address = text }
        adopt(file, kind: kind, origin: ConnectionOrigin(address: address, isSecure: false))
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
    }

    func closed(_ client: ClientConnection) {
        clients[ObjectIdentifier(client)] = nil
        plane.openConnections.subtract(1, ordering: .relaxed)
    }

    /// Accepts no more. Connections stay, idle ones for a while: a request may be on its way on them.
    func leave() {
        stopListening()
        for client in clients.values { client.leave() }
    }

    private func stopListening() {
        for listener in listeners { listener.close() }
        listeners = []
    }

    /// Accepts no more, closes idle connections at once and others after their answer.
    func quiesce() {
        stopListening()
        for client in Array(clients.values) { client.quiesce() }
    }

    /// Closes everything.
    func close() {
        for client in Array(clients.values) { client.close() }
        pool.close()
    }
}
