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

/// The sockets that a gateway begins to listen on.
struct ListeningSockets {
    private(set) var all: [InheritedSocket] = []
    private(set) var addresses: BoundAddresses

    /// Takes what fits of the inherited ones and binds the rest.
    /// - Throws: `SystemError`; nothing is left bound.
    init(_ configuration: GatewayConfiguration, inheriting inherited: [InheritedSocket]) throws {
        var wanted = [(ListenerKind.main, configuration.port)]
        if let port = configuration.inferencePort { wanted.append((.inference, port)) }
        var left = inherited
        var endpoints: [ListenerKind: Endpoint] = [:]
        do {
            for (kind, port) in wanted {
                let fits = { (one: InheritedSocket) in
                    one.kind == kind && one.socket.endpoint.isAt(configuration.host, port)
                }
                var mine = left.filter(fits)
                left.removeAll(where: fits)
                if mine.isEmpty {
                    let endpoint = Endpoint.internet(address: configuration.host, port: port)
                    let count = max(1, configuration.eventLoops)
                    mine = try BoundSocket.group(endpoint, count: count).map { .init(kind: kind, socket: $0) }
                }
                endpoints[kind] = mine[0].socket.endpoint
                all += mine
            }
        } catch {
            for one in all + left { one.socket.close() }
            throw error
        }
        for one in left { one.socket.close() }
        addresses = BoundAddresses(main: endpoints[.main]!, inference: endpoints[.inference])
    }
}
