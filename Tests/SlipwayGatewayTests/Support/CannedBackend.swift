// A TCP server that answers every read with the same bytes: for answers a proper HTTP server does not give.

import NIOCore
import NIOPosix
import SlipwayCore
import SlipwayGateway

struct CannedBackend: Sendable {
    private let channel: any Channel

    /// - Parameter closes: whether the connection is closed after the bytes.
    static func start(
        on group: any EventLoopGroup, _ answer: String, closes: Bool = false
    ) async throws -> CannedBackend {
        let channel = try await ServerBootstrap(group: group)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(Answering(answer, closes: closes))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        return CannedBackend(channel: channel)
    }

    func route(_ id: String) -> ReplicaRoute {
        ReplicaRoute(
            replicaID: ReplicaID(id),
            endpoint: ReplicaEndpoint(host: "127.0.0.1", port: channel.localAddress?.port ?? 0))
    }

    private final class Answering: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        typealias OutboundOut = ByteBuffer
        private let answer: String
        private let closes: Bool

        init(_ answer: String, closes: Bool) {
            self.answer = answer
            self.closes = closes
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            context.writeAndFlush(wrapOutboundOut(ByteBuffer(string: answer)), promise: nil)
            if closes { context.close(promise: nil) }
        }

        func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
    }
}
