// Event-loop-bound. The first handler of an HTTP/2 stream: looks at its head, makes the connection to the gateway
// that fits, and lets the stream through when that is there.

import NIOCore
import NIOHPACK
import NIOHTTP1
import NIOHTTP2
import NIOPosix

final class StreamGate: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = HTTP2Frame.FramePayload
    typealias OutboundOut = HTTP2Frame.FramePayload

    private let connect: (_ mayTunnel: Bool) throws -> Int32
    private var waiting: [HTTP2Frame.FramePayload] = []
    private var hasBegun = false

    /// - Parameter connect: makes a connection to the gateway.
    init(connect: @escaping (_ mayTunnel: Bool) throws -> Int32) { self.connect = connect }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let payload = unwrapInboundIn(data)
        guard !hasBegun, case .headers(var head) = payload else { return waiting.append(payload) }
        hasBegun = true
        guard HeadCheck.isSafe(head.headers), let headers = HeadCheck.withOneAuthority(head.headers) else {
            return refuse(context)
        }
        head.headers = headers
        waiting.append(.headers(head))
        do {
            if GRPCCall.isGRPC(head.headers) {
                try relay(GRPCCall(head.headers), context)
            } else {
                try bridge(context)
            }
        } catch {
            refuse(context)
        }
    }

    /// Fields that HTTP/1.1 could understand differently never get there.
    private func refuse(_ context: ChannelHandlerContext) {
        let headers: HPACKHeaders = [":status": "400", "content-length": "0"]
        context.write(wrapOutboundOut(.headers(.init(headers: headers, endStream: true))), promise: nil)
        context.flush()
        context.close(promise: nil)
    }

    private func bridge(_ context: ChannelHandlerContext) throws {
        let (stream, gate) = (context.channel, NIOLoopBound(self, eventLoop: context.eventLoop))
        let far = Bridge.Far()
        let bound = NIOLoopBound(far, eventLoop: context.eventLoop)
        ClientBootstrap(group: context.eventLoop)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHTTPClientHandlers()
                    try channel.pipeline.syncOperations.addHandler(bound.value)
                }
            }
            .withConnectedSocket(try connect(false))
            .whenComplete { result in
                guard case .success = result, stream.isActive else { return stream.close(promise: nil) }
                let near = Bridge.Near(partner: bound.value)
                bound.value.partner = near
                gate.value.open(stream, [HTTP2FramePayloadToHTTP1ServerCodec(), near])
            }
    }

    private func relay(_ call: GRPCCall, _ context: ChannelHandlerContext) throws {
        let stream = context.channel
        let near = GRPCNear(call: call)
        let bound = NIOLoopBound(near, eventLoop: context.eventLoop)
        let file = try connect(true)
        open(stream, [near])
        ClientBootstrap(group: context.eventLoop)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(
                        TunnelOpener(target: call.tunnelRequest) { bound.value.tunnel($0, channel) })
                    try channel.pipeline.syncOperations.addHandler(CloseOnError())
                }
            }
            .withConnectedSocket(file)
            .whenFailure { _ in stream.close(promise: nil) }
    }

    /// Puts `handlers` in this one's place and gives them what has come so far.
    private func open(_ stream: any Channel, _ handlers: [any ChannelHandler]) {
        let pipeline = stream.pipeline.syncOperations
        do {
            try pipeline.addHandlers(handlers)
            let context = try pipeline.context(handler: self)
            for payload in waiting { context.fireChannelRead(NIOAny(payload)) }
            waiting = []
            context.fireChannelReadComplete()
            pipeline.removeHandler(context: context, promise: nil)
        } catch {
            stream.close(promise: nil)
        }
    }
}
