// The idle upstream connections of one event loop.

import SlipwaySockets

final class ConnectionPool {
    /// Idle connections to one address.
    final class Shelf {
        fileprivate var idle: [UpstreamConnection] = []
        /// Open connections, idle or not.
        fileprivate var connections = 0
        fileprivate let endpoint: Endpoint
        fileprivate unowned let pool: ConnectionPool

        fileprivate init(_ endpoint: Endpoint, pool: ConnectionPool) {
            self.endpoint = endpoint
            self.pool = pool
        }

        /// Takes a connection back between two exchanges.
        func keep(_ connection: UpstreamConnection) { pool.keep(connection, self) }

        func opened() { connections += 1 }

        func closed(_ connection: UpstreamConnection) {
            connections -= 1
            idle.removeAll { $0 === connection }
        }
    }

    /// Idle connections kept per address: bursts beyond it connect anew, which costs a local round trip.
    private static let maxIdlePerAddress = 512

    let reactor: Reactor
    let fields = FieldTable()
    let configuration: GatewayConfiguration
    private let idleTimeout: UInt64
    private var shelves: [Endpoint: Shelf] = [:]
    private var sweep: Deadline?
    private var isClosed = false

    init(reactor: Reactor, configuration: GatewayConfiguration) {
        self.reactor = reactor
        self.configuration = configuration
        idleTimeout = configuration.upstreamIdleTimeout.nanoseconds
        sweep = Deadline(on: reactor) { [unowned self] in closeExpired() }
    }

    private func shelf(_ endpoint: Endpoint) -> Shelf {
        if let shelf = shelves[endpoint] { return shelf }
        let shelf = Shelf(endpoint, pool: self)
        shelves[endpoint] = shelf
        return shelf
    }

    /// The most recently used idle connection, if there is one.
    func takeIdle(_ endpoint: Endpoint) -> UpstreamConnection? { shelves[endpoint]?.idle.popLast() }

    /// Opens a connection for `exchange`, which is told how that ends. Throws when it is known at once to be in
    /// vain.
    func connect(_ endpoint: Endpoint, for exchange: Exchange) throws -> UpstreamConnection {
        try UpstreamConnection(connectingTo: endpoint, shelf: shelf(endpoint), pool: self, for: exchange)
    }

    private func keep(_ connection: UpstreamConnection, _ shelf: Shelf) {
        guard !isClosed, shelf.idle.count < Self.maxIdlePerAddress else { return connection.close() }
        connection.idleSince = reactor.now
        shelf.idle.append(connection)
        if let sweep, !sweep.isSet { sweep.set(connection.idleSince + min(idleTimeout, 1_000_000_000)) }
    }

    /// Closes all idle connections, now and from now on.
    func close() {
        isClosed = true
        sweep?.clear()
        for connection in shelves.values.flatMap(\.idle) { connection.close() }
    }

    private func closeExpired() {
        let now = reactor.now
        for (endpoint, shelf) in shelves {
            // The longest unused are at the front.
            let expired = shelf.idle.prefix { $0.idleSince + idleTimeout <= now }
            shelf.idle.removeFirst(expired.count)
            for connection in expired { connection.close() }
            if shelf.connections == 0 { shelves[endpoint] = nil }
        }
        if !shelves.isEmpty { sweep?.set(now + min(idleTimeout, 1_000_000_000)) }
    }
}

extension Duration {
    /// Whole nanoseconds, 0 for negative durations and at most a century, so that a moment plus this is one too.
    var nanoseconds: UInt64 {
        let (seconds, attoseconds) = components
        let bounded = min(seconds, 100 * 366 * 24 * 3600)
        return bounded < 0 ? 0 : UInt64(max(0, bounded * 1_000_000_000 + attoseconds / 1_000_000_000))
    }
}
