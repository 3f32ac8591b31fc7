// Event-loop-bound. An HTTP/2 stream and the HTTP/1.1 connection to the gateway that carries its one request.

import NIOCore
import NIOHTTP1

enum Bridge {
    /// The stream's side.
    final class Near: ChannelDuplexHandler {
        typealias InboundIn = HTTPServerRequestPart
        typealias OutboundIn = HTTPServerResponsePart
        typealias OutboundOut = HTTPServerResponsePart

        private let partner: Far
        fileprivate var context: ChannelHandlerContext?
        private let heldRead = HeldRead()

        init(partner: Far) { self.partner = partner }

        func handlerAdded(context: ChannelHandlerContext) { self.context = context }
        func handlerRemoved(context: ChannelHandlerContext) { self.context = nil }

        func read(context: ChannelHandlerContext) {
            heldRead.read(context, if: partner.isWritable)
        }

        fileprivate func resumeReading() {
            heldRead.resume(context)
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            switch unwrapInboundIn(data) {
            case .head(let head):
                partner.write(
                    .head(
                        HTTPRequestHead(
                            version: .http1_1, method: head.method, uri: head.uri, headers: head.headers)))
            case .body(let bytes): partner.write(.body(.byteBuffer(bytes)))
            case .end(let trailers): partner.write(.end(trailers))
            }
        }

        func channelReadComplete(context: ChannelHandlerContext) {
            partner.flush()
            context.fireChannelReadComplete()
        }

        func channelWritabilityChanged(context: ChannelHandlerContext) {
            if context.channel.isWritable { partner.resumeReading() }
            context.fireChannelWritabilityChanged()
        }

        func channelInactive(context: ChannelHandlerContext) {
            partner.close()
            context.fireChannelInactive()
        }

        func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

        fileprivate var isWritable: Bool { context?.channel.isWritable ?? false }

        fileprivate func write(_ part: HTTPServerResponsePart) {
            context?.write(wrapOutboundOut(part), promise: nil)
        }
    }

    /// The gateway's side.
    final class Far: ChannelDuplexHandler {
        typealias InboundIn = HTTPClientResponsePart
        typealias OutboundIn = HTTPClientRequestPart
        typealias OutboundOut = HTTPClientRequestPart

        var partner: Near?
        private var context: ChannelHandlerContext?
        private let heldRead = HeldRead()
        private var isComplete = false

        func handlerAdded(context: ChannelHandlerContext) { self.context = context }
        func handlerRemoved(context: ChannelHandlerContext) { self.context = nil }

        fileprivate var isWritable: Bool { context?.channel.isWritable ?? false }
        fileprivate func write(_ part: HTTPClientRequestPart) {
            context?.write(wrapOutboundOut(part), promise: nil)
        }
        fileprivate func flush() { context?.flush() }
        fileprivate func close() { context?.close(promise: nil) }

        func read(context: ChannelHandlerContext) {
            heldRead.read(context, if: partner?.isWritable ?? true)
        }

        fileprivate func resumeReading() {
            heldRead.resume(context)
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            switch unwrapInboundIn(data) {
            case .head(var head):
                // Of one hop, and the names that HTTP/2 does not know (RFC 9113 section 8.2.2).
                for name in ["connection", "keep-alive", "transfer-encoding", "upgrade"] {
                    head.headers.remove(name: name)
                }
                partner?.write(
                    .head(HTTPResponseHead(version: .http2, status: head.status, headers: head.headers)))
            case .body(let bytes): partner?.write(.body(.byteBuffer(bytes)))
            case .end(let trailers):
                isComplete = true
                partner?.write(.end(trailers))
                partner?.context?.flush()
            }
        }

        func channelReadComplete(context: ChannelHandlerContext) {
            partner?.context?.flush()
            if isComplete { context.close(promise: nil) }
        }

        func channelWritabilityChanged(context: ChannelHandlerContext) {
            if context.channel.isWritable { partner?.resumeReading() }
            context.fireChannelWritabilityChanged()
        }

        func channelInactive(context: ChannelHandlerContext) {
            // An answer that was cut off ends its stream with an error.
            if !isComplete { partner?.context?.close(promise: nil) }
            context.fireChannelInactive()
        }

        func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
    }
}
