// Event-loop-bound. Asks the gateway for a bare connection to a replica: writes the request, reads the answer's
// head, and leaves the pipeline to what is spoken with the replica.

import FoundationEssentials
import NIOCore

final class TunnelOpener: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    enum Outcome {
        case open(requestID: String?)
        case refused(status: Int, message: String, requestID: String?)
    }

    /// Bytes of an answer that refuses; the gateway's own are a few hundred.
    private static let longestAnswer = 64 * 1024

    private let target: String
    private let done: (Outcome) -> Void
    private var received = ByteBuffer()
    private var isDone = false

    init(target: String, done: @escaping (Outcome) -> Void) {
        self.target = target
        self.done = done
    }

    func channelActive(context: ChannelHandlerContext) {
        context.writeAndFlush(wrapOutboundOut(ByteBuffer(string: target)), promise: nil)
        context.fireChannelActive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var bytes = unwrapInboundIn(data)
        received.writeBuffer(&bytes)
        let view = received.readableBytesView
        guard received.readableBytes <= Self.longestAnswer else { return context.close(promise: nil) }
        guard let end = view.firstRange(of: Array("\r\n\r\n".utf8)) else { return }
        let head = String(decoding: view[..<end.lowerBound], as: UTF8.self).split(separator: "\r\n")
        let status = head.first.flatMap { Int($0.dropFirst(9).prefix(3)) } ?? 502
        let fields = Dictionary(
            head.dropFirst().compactMap { line -> (String, String)? in
                guard let colon = line.firstIndex(of: ":") else { return nil }
                let value = line[line.index(after: colon)...].drop { $0 == " " }
                return (line[..<colon].lowercased(), String(value))
            }, uniquingKeysWith: { first, _ in first })
        let requestID = fields["x-baseten-request-id"]
        if status == 101 {
            received.moveReaderIndex(to: end.upperBound)
            return open(context, requestID)
        }
        let body = view[end.upperBound...]
        guard body.count >= fields["content-length"].flatMap({ Int($0) }) ?? 0 else { return }
        let document = try? JSONDecoder().decode([String: String].self, from: Data(body))
        finish(.refused(status: status, message: document?["error"] ?? "", requestID: requestID))
        context.close(promise: nil)
    }

    private func open(_ context: ChannelHandlerContext, _ requestID: String?) {
        finish(.open(requestID: requestID))
        if received.readableBytes > 0 { context.fireChannelRead(NIOAny(received)) }
        context.pipeline.syncOperations.removeHandler(context: context, promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) {
        finish(.refused(status: 502, message: "Error making prediction", requestID: nil))
        context.fireChannelInactive()
    }

    private func finish(_ outcome: Outcome) {
        guard !isDone else { return }
        isDone = true
        done(outcome)
    }
}
