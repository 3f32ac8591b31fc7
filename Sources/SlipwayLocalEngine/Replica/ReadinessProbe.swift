// Asks a replica's readiness route: one small exchange over a fresh connection, HTTP/1.1 or gRPC.

import Foundation
import NIOCore
import NIOPosix
import SlipwaySockets

enum ReadinessProbe {
    /// A route that needs longer counts as failing.
    static let timeout: TimeAmount = .seconds(5)
    private static let connectTimeout: Duration = .seconds(1)

    /// Whether the route answers 200, or for `GRPCHealth.path` whether the server says that it serves.
    static func isReady(_ address: Endpoint, path: String) async -> Bool {
        await ask(address, path: path) ?? false
    }

    /// The same; nil when this process could not ask, which says nothing about the replica.
    static func ask(_ address: Endpoint, path: String) async -> Bool? {
        let file: Int32
        do {
            file = try await address.connect(within: connectTimeout)
        } catch {
            return (error as? SystemError)?.isShortage == true ? nil : false
        }
        let group = MultiThreadedEventLoopGroup.singleton
        let loop = group.next()
        let promise = loop.makePromise(of: Bool?.self)
        let deadline = loop.scheduleTask(in: timeout) { promise.succeed(false) }
        ClientBootstrap(group: loop).channelInitializer { channel in
            channel.eventLoop.makeCompletedFuture {
                try channel.pipeline.syncOperations.addHandler(
                    path == GRPCHealth.path
                        ? GRPCHealth(promise: promise) : StatusReader(path: path, promise: promise))
            }
        }.withConnectedSocket(file).whenFailure { _ in promise.succeed(nil) }
        let answer = try? await promise.futureResult.get()
        deadline.cancel()
        return answer ?? nil
    }
}

/// Bound to its channel's event loop.
private final class StatusReader: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let path: String
    private let promise: EventLoopPromise<Bool?>
    private var head = ByteBuffer()

    init(path: String, promise: EventLoopPromise<Bool?>) {
        self.path = path
        self.promise = promise
    }

    func channelActive(context: ChannelHandlerContext) {
        let request = "GET \(path) HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
        context.writeAndFlush(wrapOutboundOut(ByteBuffer(string: request)), promise: nil)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var chunk = unwrapInboundIn(data)
        head.writeBuffer(&chunk)
        // "HTTP/1.1 200" is all that matters.
        guard let start = head.getString(at: head.readerIndex, length: min(12, head.readableBytes)),
            start.count == 12
        else { return }
        finish(start.hasPrefix("HTTP/1.") && start.hasSuffix(" 200"), context)
    }

    func channelInactive(context: ChannelHandlerContext) { finish(false, context) }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { finish(false, context) }

    private func finish(_ ready: Bool, _ context: ChannelHandlerContext) {
        promise.succeed(ready)
        context.close(promise: nil)
    }
}
