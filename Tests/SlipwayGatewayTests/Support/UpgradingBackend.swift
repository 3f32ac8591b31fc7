// A server that upgrades its first request and then answers every piece of bytes with the piece in brackets.

import NIOCore
import NIOPosix
import SlipwayCore
import SlipwayGateway
import Synchronization

final class UpgradingBackend: Sendable {
    private struct State {
        var head: String?
        var connection: (any Channel)?
    }
    private let state = Mutex(State())
    private let listener = Mutex<(any Channel)?>(nil)

    static func start(on group: any EventLoopGroup) async throws -> UpgradingBackend {
        let backend = UpgradingBackend()
        let channel = try await ServerBootstrap(group: group)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(Handler(backend))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        backend.listener.withLock { $0 = channel }
        return backend
    }

    func route(_ id: String) -> ReplicaRoute {
        let port = listener.withLock { $0?.localAddress?.port } ?? 0
        return ReplicaRoute(
            replicaID: ReplicaID(id), endpoint: ReplicaEndpoint(host: "127.0.0.1", port: port))
    }

    /// The head of the request that was upgraded.
    var received: String? { state.withLock { $0.head } }
    var isConnected: Bool { state.withLock { $0.connection?.isActive ?? false } }
    func disconnect() { state.withLock { $0.connection }?.close(promise: nil) }

    private final class Handler: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        private let backend: UpgradingBackend
        private var isUpgraded = false
        init(_ backend: UpgradingBackend) { self.backend = backend }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            let text = String(buffer: unwrapInboundIn(data))
            if isUpgraded {
                context.writeAndFlush(NIOAny(ByteBuffer(string: "<\(text)>")), promise: nil)
                return
            }
            isUpgraded = true
            let channel = context.channel
            backend.state.withLock { $0 = State(head: text, connection: channel) }
            let answer =
                "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"
            context.writeAndFlush(NIOAny(ByteBuffer(string: answer)), promise: nil)
        }

        func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
    }
}
