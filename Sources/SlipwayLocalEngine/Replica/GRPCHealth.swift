// Asks a gRPC server how it is (grpc.health.v1.Health/Check with an empty service name). The one request is always
// the same, so its frames are written down here instead of made by a library (RFC 9113 section 4, RFC 7541).

import NIOCore

/// Bound to its channel's event loop.
final class GRPCHealth: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    static let path = "/grpc.health.v1.Health/Check"

    private enum FrameType { static let (data, headers, reset, settings, goAway) = (0, 1, 3, 4, 7) }
    /// A health answer has some hundred bytes.
    private static let longestFrame = 64 * 1024

    private let promise: EventLoopPromise<Bool?>
    private var received = ByteBuffer()

    init(promise: EventLoopPromise<Bool?>) { self.promise = promise }

    func channelActive(context: ChannelHandlerContext) {
        var out = ByteBuffer(string: "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
        Self.write(FrameType.settings, flags: 0, stream: 0, [], &out)
        // End of headers, then the empty message with the end of the stream.
        Self.write(FrameType.headers, flags: 4, stream: 1, Self.fields, &out)
        Self.write(FrameType.data, flags: 1, stream: 1, [0, 0, 0, 0, 0], &out)
        context.writeAndFlush(wrapOutboundOut(out), promise: nil)
    }

    /// The request's head: indexed where the static table has it, else literals without an index.
    private static var fields: [UInt8] {
        func text(_ text: String) -> [UInt8] { [UInt8(text.utf8.count)] + Array(text.utf8) }
        return [0x83, 0x86, 0x04] + text(path) + [0x01] + text("localhost") + [0x0f, 0x10]
            + text("application/grpc") + [0x00] + text("te") + text("trailers")
    }

    private static func write(
        _ type: Int, flags: UInt8, stream: UInt32, _ payload: [UInt8], _ out: inout ByteBuffer
    ) {
        out.writeInteger(UInt32(payload.count) << 8 | UInt32(type))
        out.writeInteger(flags)
        out.writeInteger(stream)
        out.writeBytes(payload)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var bytes = unwrapInboundIn(data)
        received.writeBuffer(&bytes)
        while let head = received.getInteger(at: received.readerIndex, as: UInt32.self),
            let flags = received.getInteger(at: received.readerIndex + 4, as: UInt8.self),
            let stream = received.getInteger(at: received.readerIndex + 5, as: UInt32.self)
        {
            let length = Int(head >> 8)
            guard length <= Self.longestFrame else { return finish(false, context) }
            guard received.readableBytes >= 9 + length else { return }
            received.moveReaderIndex(forwardBy: 9)
            let payload = received.readBytes(length: length) ?? []
            if let verdict = Self.verdict(Int(head & 0xff), flags, stream, payload) {
                return finish(verdict, context)
            }
            if Int(head & 0xff) == FrameType.settings, flags & 1 == 0 {
                var out = ByteBuffer()
                Self.write(FrameType.settings, flags: 1, stream: 0, [], &out)
                context.writeAndFlush(wrapOutboundOut(out), promise: nil)
            }
        }
    }

    /// Whether the server is ready, once a frame says it.
    private static func verdict(_ type: Int, _ flags: UInt8, _ stream: UInt32, _ payload: [UInt8]) -> Bool? {
        switch type {
        // Field 1 of the message is the status, of which 1 is SERVING.
        case FrameType.data where stream == 1 && !payload.isEmpty:
            payload.count >= 7 && payload[5] == 0x08 && payload[6] == 1
        // A head that ends the call: the server answers, but has no health service.
        case FrameType.headers where flags & 1 == 1: true
        case FrameType.reset, FrameType.goAway: false
        default: nil
        }
    }

    func channelInactive(context: ChannelHandlerContext) { finish(false, context) }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { finish(false, context) }

    private func finish(_ ready: Bool, _ context: ChannelHandlerContext) {
        promise.succeed(ready)
        context.close(promise: nil)
    }
}
