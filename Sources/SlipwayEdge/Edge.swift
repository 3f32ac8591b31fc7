// What stands before the gateway for clients that do not speak plain HTTP/1.1: TLS is taken off here and HTTP/2
// taken apart, and what is inside goes on to the gateway as HTTP/1.1 over a pair of sockets in this process. So
// there is one place where requests are routed, held, counted and passed on.

import Glibc
import Logging
import NIOCore
import NIOHTTP2
import NIOPosix
import NIOSSL
import NIOTLS
import SlipwayGateway
import SlipwaySockets
import Synchronization

public final class Edge: Sendable {
    /// A client that has not said what it speaks by then is not served.
    private static let handshakeTime: TimeAmount = .seconds(30)
    /// A connection of HTTP/2 without a single frame is closed after this; pings are frames.
    private static let idleTime: TimeAmount = .minutes(30)

    private let group: any EventLoopGroup
    private let logger: Logger
    private let gateway = Mutex<Gateway?>(nil)
    private let listener = Mutex<Listener?>(nil)
    private let connections = OpenConnections()

    private struct Listener {
        var sockets: [BoundSocket]
        var identity: TLSIdentity
        /// On files of their own of the sockets; none before `serve`.
        var channels: [any Channel] = []
    }

    /// - Parameter group: runs all its connections; not shut down by the edge.
    public init(group: any EventLoopGroup, logger: Logger) {
        self.group = group
        self.logger = logger
    }

    /// Where requests go from now on; before any connection.
    public func connect(to gateway: Gateway) { self.gateway.withLock { $0 = gateway } }

    /// Binds the listeners for TLS, so that connections wait in them for `serve`. Throws `SystemError` when an address
    /// cannot be bound, and others when the files are not usable.
    ///
    /// - Parameter inherited: listening sockets to go on with, as far as they fit.
    /// - Returns: the port, chosen by the system for port 0.
    public func bind(
        hosts: [String], port: Int, files: TLSFiles, inheriting inherited: [BoundSocket] = []
    ) throws -> Int {
        let identity: TLSIdentity
        do {
            identity = try TLSIdentity(files, logger: logger)
        } catch {
            for one in inherited { one.close() }
            throw error
        }
        let sockets = try BoundSocket.all(hosts, port: port, inheriting: inherited)
        listener.withLock { $0 = Listener(sockets: sockets, identity: identity) }
        return sockets[0].endpoint.port ?? port
    }

    /// Accepts what waits in the bound listeners, if there are any. Throws when the process has no file left.
    public func serve() async throws {
        guard let (sockets, identity) = listener.withLock({ $0.map { ($0.sockets, $0.identity) } }) else {
            return
        }
        for socket in sockets {
            let copy = try socket.copy()
            let channel = try await ServerBootstrap(group: group)
                .serverChannelOption(.backlog, value: 1024)
                .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
                .childChannelInitializer { [self] channel in
                    channel.eventLoop.makeCompletedFuture { try setUpTLS(channel, identity) }
                }
                .withBoundSocket(copy.release()).get()
            listener.withLock { $0?.channels.append(channel) }
        }
    }

    /// Accepts no more and gives the listening sockets to another process.
    public func leave() async -> [BoundSocket] {
        let listener = takeListener()
        for channel in listener?.channels ?? [] { try? await channel.close() }
        quiesce()
        return listener?.sockets ?? []
    }

    private func takeListener() -> Listener? {
        listener.withLock { listener in
            defer { listener = nil }
            return listener
        }
    }

    /// Accepts no more. Connections that are open are closed with the gateway's side of them.
    public func shutdown() async {
        for socket in await leave() { socket.close() }
    }

    /// Tells clients that no new requests are taken on their connections.
    private func quiesce() {
        for channel in connections.all {
            channel.pipeline.fireUserInboundEventTriggered(ChannelShouldQuiesceEvent())
        }
    }

    /// Closes what is left.
    public func close() async { for channel in connections.all { try? await channel.close() } }

    /// Serves a connection whose client began to speak HTTP/2 on a plain listener.
    public var takeOver: HTTP2TakeOver {
        { [self] handed in
            let received = ByteBuffer(bytes: handed.received)
            // Reads nothing itself before what was read already has been looked at.
            ClientBootstrap(group: group)
                .channelOption(.autoRead, value: false)
                .channelInitializer { [self] channel in
                    channel.eventLoop.makeCompletedFuture {
                        try setUpHTTP2(channel, origin: handed.origin, kind: handed.listener)
                    }
                }
                .withConnectedSocket(handed.file)
                .whenSuccess { channel in
                    // In a turn of its own, when the channel is active. Streams read as their connection does when
                    // they begin, so that has to read again before they do.
                    channel.eventLoop.execute {
                        do {
                            try channel.syncOptions?.setOption(.autoRead, value: true)
                            channel.pipeline.fireChannelRead(received)
                            channel.pipeline.fireChannelReadComplete()
                        } catch {
                            channel.close(promise: nil)
                        }
                    }
                }
        }
    }

    // MARK: Pipelines

    private func setUpTLS(_ channel: any Channel, _ identity: TLSIdentity) throws {
        let pipeline = channel.pipeline.syncOperations
        let handshake = channel.eventLoop.scheduleTask(in: Self.handshakeTime) { channel.close(promise: nil) }
        channel.closeFuture.whenComplete { _ in handshake.cancel() }
        try pipeline.addHandler(NIOSSLServerHandler(context: identity.context))
        let origin = ConnectionOrigin(address: channel.remoteAddress?.ipAddress, isSecure: true)
        try pipeline.addHandler(
            ApplicationProtocolNegotiationHandler { [self] result in
                handshake.cancel()
                return channel.eventLoop.makeCompletedFuture {
                    if case .negotiated("h2") = result {
                        try setUpHTTP2(channel, origin: origin, kind: .main)
                    } else {
                        connections.add(channel)
                        try Splice.join(channel, to: internalConnection(origin, .main))
                    }
                }
            })
        try pipeline.addHandler(CloseOnError())
    }

    private func setUpHTTP2(_ channel: any Channel, origin: ConnectionOrigin, kind: ListenerKind) throws {
        connections.add(channel)
        try channel.pipeline.syncOperations.addHandlers([
            IdleStateHandler(allTimeout: Self.idleTime), CloseWhenIdle(),
        ])
        var connection = NIOHTTP2Handler.ConnectionConfiguration()
        connection.initialSettings = [
            HTTP2Setting(parameter: .maxConcurrentStreams, value: 256),
            HTTP2Setting(parameter: .maxHeaderListSize, value: 32 * 1024),
            HTTP2Setting(parameter: .initialWindowSize, value: 256 * 1024),
        ]
        var stream = NIOHTTP2Handler.StreamConfiguration()
        stream.targetWindowSize = 256 * 1024
        _ = try channel.pipeline.syncOperations.configureHTTP2Pipeline(
            mode: .server, connectionConfiguration: connection, streamConfiguration: stream
        ) { [self] stream in
            stream.eventLoop.makeCompletedFuture {
                try stream.pipeline.syncOperations.addHandler(
                    StreamGate { mayTunnel in
                        var origin = origin
                        origin.mayTunnel = mayTunnel
                        return try self.internalConnection(origin, kind)
                    })
            }
        }
        try channel.pipeline.syncOperations.addHandler(CloseOnError())
    }

    /// One end of a pair of sockets of which the gateway serves the other.
    private func internalConnection(_ origin: ConnectionOrigin, _ kind: ListenerKind) throws -> Int32 {
        guard let gateway = gateway.withLock({ $0 }) else { throw ChannelError.operationUnsupported }
        var pair: [Int32] = [-1, -1]
        let flags = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue) | Int32(SOCK_NONBLOCK.rawValue)
        guard socketpair(AF_UNIX, flags, 0, &pair) == 0 else {
            throw IOError(errnoCode: errno, reason: "socketpair")
        }
        gateway.adopt(pair[0], kind: kind, origin: origin)
        return pair[1]
    }
}

/// A connection that breaks its protocol is closed. What concerns one stream only, such as a late frame for one
/// that has ended, leaves the others as they are.
final class CloseOnError: ChannelInboundHandler {
    typealias InboundIn = NIOAny

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        switch error {
        case is NIOHTTP2Errors.StreamError, is NIOHTTP2Errors.NoSuchStream, is NIOHTTP2Errors.StreamClosed:
            break
        default: context.close(promise: nil)
        }
    }
}

private final class CloseWhenIdle: ChannelInboundHandler {
    typealias InboundIn = NIOAny

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if event is IdleStateHandler.IdleStateEvent { context.close(promise: nil) }
        context.fireUserInboundEventTriggered(event)
    }
}

/// The open connections of the edge, so that a shutdown can end them.
private final class OpenConnections: Sendable {
    private let channels = Mutex<[ObjectIdentifier: any Channel]>([:])

    func add(_ channel: any Channel) {
        let id = ObjectIdentifier(channel)
        channels.withLock { $0[id] = channel }
        channel.closeFuture.whenComplete { [self] _ in channels.withLock { $0[id] = nil } }
    }

    var all: [any Channel] { channels.withLock { Array($0.values) } }
}
