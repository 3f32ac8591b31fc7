// Listening sockets that outlive a gateway: one process passes them to the next, and no connection is refused between.

import SlipwaySockets

/// A listening socket and what it is for.
public struct InheritedSocket: Sendable {
    public var kind: ListenerKind
    public var socket: BoundSocket

    public init(kind: ListenerKind, socket: BoundSocket) {
        self.kind = kind
        self.socket = socket
    }
}

/// The sockets that a gateway begins to listen on: one for each address and kind, whatever the number of loops.
struct ListeningSockets {
    private(set) var all: [InheritedSocket] = []
    private(set) var addresses: BoundAddresses

    /// Takes what fits of the inherited ones and binds the rest.
    /// - Throws: `SystemError`; nothing is left bound.
    init(_ configuration: GatewayConfiguration, inheriting inherited: [InheritedSocket]) throws {
        var wanted = [(ListenerKind.main, configuration.port)]
        if let port = configuration.inferencePort { wanted.append((.inference, port)) }
        var endpoints: [ListenerKind: Endpoint] = [:]
        var left = inherited
        do {
            for (kind, port) in wanted {
                let mine = left.filter { $0.kind == kind }.map(\.socket)
                // Whatever comes of it, those are no longer this one's to close.
                left.removeAll { $0.kind == kind }
                let bound = try BoundSocket.all(configuration.hosts, port: port, inheriting: mine)
                endpoints[kind] = bound[0].endpoint
                all += bound.map { .init(kind: kind, socket: $0) }
            }
        } catch {
            for one in all + left { one.socket.close() }
            throw error
        }
        for one in left { one.socket.close() }
        addresses = BoundAddresses(main: endpoints[.main]!, inference: endpoints[.inference])
    }
}
