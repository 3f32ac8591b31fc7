// The gateway and what stands before it, as a service: they begin when everything behind them serves and end first, or
// go on with their requests while another server takes the place of this one.

import ServiceLifecycle
import SlipwayEdge
import SlipwayGateway
import SlipwaySockets
import Synchronization

final class FrontDoor: Service {
    let gateway: Gateway
    let edge: Edge
    private let address: Endpoint
    private let grace: Duration
    private let obstacle: AsyncStream<Void>
    private let onServing: @Sendable () -> Void
    private let onLeaving: @Sendable () -> Void
    private let state = Mutex<(link: HandoverLink?, successor: Successor?)>((nil, nil))

    /// - Parameters:
    ///   - address: of the main listener, where a successor will serve.
    ///   - grace: for requests in flight when the server ends.
    ///   - obstacle: connections are accepted when it ends; until then they wait in the listeners.
    ///   - onLeaving: called before requests under way are waited for; ends those without an end of their own.
    ///   - onServing: called when connections are accepted.
    init(
        gateway: Gateway, edge: Edge, address: Endpoint, grace: Duration,
        waitsFor obstacle: AsyncStream<Void>, onLeaving: @escaping @Sendable () -> Void,
        onServing: @escaping @Sendable () -> Void
    ) {
        self.gateway = gateway
        self.edge = edge
        self.address = address
        self.grace = grace
        self.obstacle = obstacle
        self.onServing = onServing
        self.onLeaving = onLeaving
    }

    /// Another server wants this one's place: the shutdown that follows is a handover.
    func asked(_ link: HandoverLink) { state.withLock { $0.link = link } }

    /// Set after a shutdown that was a handover.
    var successor: Successor? { state.withLock { $0.successor } }

    func run() async throws {
        for await _ in obstacle {}
        try await gateway.serve()
        try await edge.serve()
        onServing()
        try? await gracefulShutdown()
        onLeaving()
        if let link = state.withLock({ $0.link }) {
            let successor = Successor(link, sockets: await leave())
            return state.withLock { $0.successor = successor }
        }
        await edge.shutdown()
        await gateway.shutdown(grace: grace)
        await edge.close()
    }

    private func leave() async -> [PassedSocket] {
        var sockets = await gateway.leave(for: address).map {
            PassedSocket(kind: $0.kind == .main ? .main : .inference, socket: $0.socket)
        }
        sockets += await edge.leave().map { PassedSocket(kind: .secure, socket: $0) }
        return sockets
    }
}
