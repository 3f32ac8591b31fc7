// Opens the listening sockets and sets up each accepted connection; used by Gateway.

import NIOCore
import NIOHTTP1
import NIOPosix
import Synchronization

/// The open client connections of a gateway, so that a shutdown can end them.
final class OpenConnections: Sendable {
    private let channels = Mutex<[ObjectIdentifier: any Channel]>([:])

    func add(_ channel: any Channel) {
        let id = ObjectIdentifier(channel)
        channels.withLock { $0[id] = channel }
        channel.closeFuture.whenComplete { [channels = self] _ in channels.remove(id) }
    }

    private func remove(_ id: ObjectIdentifier) { channels.withLock { $0[id] = nil } }

    var all: [any Channel] { channels.withLock { Array($0.values) } }
}

struct Listener: Sendable {
    /// Connections the kernel may keep before they are accepted.
    private static let backlog: Int32 = 1024

    let group: any EventLoopGroup
    let services: [ObjectIdentifier: NIOLoopBound<LoopServices>]
    let connections: OpenConnections
    let configuration: GatewayConfiguration

    /// Throws the system's error when the address cannot be bound.
    func open(port: Int, kind: ListenerKind) async throws -> any Channel {
        try await ServerBootstrap(group: group)
            .serverChannelOption(.backlog, value: Self.backlog)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture { try setUp(channel, kind: kind) }
            }
            .bind(host: configuration.host, port: port).get()
    }

    private func setUp(_ channel: any Channel, kind: ListenerKind) throws {
        guard let services = services[ObjectIdentifier(channel.eventLoop)]?.value else {
            throw ChannelError.operationUnsupported
        }
        var framing = HTTPResponseEncoder.Configuration()
        framing.automaticallySetFramingHeaders = false
        var limits = NIOHTTPDecoderLimitConfiguration()
        limits.maxHeaderFieldSize = configuration.maxHeadBytes
        limits.maxHeaderListSize = configuration.maxHeadBytes
        let pipeline = channel.pipeline.syncOperations
        try pipeline.configureHTTPServerPipeline(
            withPipeliningAssistance: true, withErrorHandling: true, withOutboundHeaderValidation: false,
            withEncoderConfiguration: framing, withDecoderLimitConfiguration: limits)
        try pipeline.addHandler(ClientConnection(loop: services, listener: kind))
        connections.add(channel)
    }
}
