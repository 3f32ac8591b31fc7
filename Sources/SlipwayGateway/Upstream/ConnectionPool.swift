// Event-loop-bound. The idle upstream connections of one event loop, and how new ones are made.

import NIOCore
import NIOHTTP1
import NIOPosix
import SlipwayCore

/// Where an upstream listens.
enum UpstreamAddress: Hashable, Sendable {
    case socket(SocketAddress)
    /// A host name that is resolved at connect time.
    case name(host: String, port: Int)

    init(_ endpoint: ReplicaEndpoint) {
        if let address = try? SocketAddress(ipAddress: endpoint.host, port: endpoint.port) {
            self = .socket(address)
        } else {
            self = .name(host: endpoint.host, port: endpoint.port)
        }
    }
}

final class ConnectionPool {
    /// Idle connections kept per address: bursts beyond it connect anew, which costs a local round trip.
    private static let maxIdlePerAddress = 64
    /// Head bytes an upstream may send; generous, as models are our user's own code.
    private static let maxResponseHeadBytes = 256 * 1024

    private let eventLoop: any EventLoop
    private let connectTimeout: TimeAmount
    private let idleTimeout: TimeAmount
    private var idle: [UpstreamAddress: [UpstreamConnection]] = [:]
    private var sweep: Scheduled<Void>?
    private var isClosed = false

    init(eventLoop: any EventLoop, connectTimeout: Duration, idleTimeout: Duration) {
        self.eventLoop = eventLoop
        self.connectTimeout = connectTimeout.timeAmount
        self.idleTimeout = idleTimeout.timeAmount
    }

    /// The most recently used idle connection, if there is one.
    func takeIdle(_ address: UpstreamAddress) -> UpstreamConnection? {
        while let connection = idle[address]?.popLast() {
            if connection.isOpen { return connection }
        }
        return nil
    }

    /// Opens a connection on this loop; `completion` runs on it.
    func connect(
        _ address: UpstreamAddress, completion: @escaping (Result<UpstreamConnection, any Error>) -> Void
    ) {
        let selfBound = NIOLoopBound(self, eventLoop: eventLoop)
        let completionBound = NIOLoopBound(completion, eventLoop: eventLoop)
        let bootstrap = ClientBootstrap(group: eventLoop)
            .connectTimeout(connectTimeout)
            .channelOption(.tcpOption(.tcp_nodelay), value: 1)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try Self.configure(
                        channel,
                        connection: UpstreamConnection(
                            address: address, pool: selfBound.value))
                }
            }
        let connected: EventLoopFuture<any Channel> =
            switch address {
            case .socket(let address): bootstrap.connect(to: address)
            case .name(let host, let port): bootstrap.connect(host: host, port: port)
            }
        connected.flatMapThrowing { channel in
            NIOLoopBound(
                try channel.pipeline.syncOperations.handler(type: UpstreamConnection.self),
                eventLoop: channel.eventLoop)
        }
        .whenComplete { result in completionBound.value(result.map(\.value)) }
    }

    private static func configure(_ channel: any Channel, connection: UpstreamConnection) throws {
        var framing = HTTPRequestEncoder.Configuration()
        framing.automaticallySetFramingHeaders = false
        var limits = NIOHTTPDecoderLimitConfiguration()
        limits.maxHeaderListSize = maxResponseHeadBytes
        let pipeline = channel.pipeline.syncOperations
        try pipeline.addHandler(HTTPRequestEncoder(configuration: framing))
        try pipeline.addHandler(
            ByteToMessageHandler(
                HTTPResponseDecoder(
                    leftOverBytesStrategy: .dropBytes, informationalResponseStrategy: .forward,
                    limitConfiguration: limits)))
        try pipeline.addHandler(connection)
    }

    /// Takes a connection back between two exchanges.
    func keep(_ connection: UpstreamConnection) {
        guard !isClosed, idle[connection.address, default: []].count < Self.maxIdlePerAddress else {
            return connection.close()
        }
        connection.idleSince = .now()
        idle[connection.address, default: []].append(connection)
        scheduleSweep()
    }

    /// Called by a connection that has closed.
    func forget(_ connection: UpstreamConnection) {
        guard let index = idle[connection.address]?.firstIndex(where: { $0 === connection }) else { return }
        idle[connection.address]?.remove(at: index)
    }

    /// Closes all idle connections, now and from now on.
    func close() {
        isClosed = true
        sweep?.cancel()
        let all = idle.values.flatMap { $0 }
        idle = [:]
        for connection in all { connection.close() }
    }

    private func scheduleSweep() {
        guard sweep == nil else { return }
        sweep = eventLoop.assumeIsolated().scheduleTask(in: .seconds(1)) { self.closeExpired() }
    }

    private func closeExpired() {
        sweep = nil
        let limit = NIODeadline.now() - idleTimeout
        var expired: [UpstreamConnection] = []
        for (address, connections) in idle {
            expired += connections.filter { $0.idleSince <= limit }
            let kept = connections.filter { $0.idleSince > limit }
            idle[address] = kept.isEmpty ? nil : kept
        }
        for connection in expired { connection.close() }
        if !idle.isEmpty { scheduleSweep() }
    }
}
