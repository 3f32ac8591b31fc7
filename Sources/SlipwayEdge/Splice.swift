// Event-loop-bound. Two channels whose bytes go from each to the other: what one reads the other writes, and neither
// reads while the other does not take it.

import NIOCore
import NIOPosix

final class Splice: ChannelDuplexHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    /// For what is left to be sent once the other channel is gone.
    private static let patience: TimeAmount = .seconds(60)

    private var partner: Splice?
    private var context: ChannelHandlerContext?
    private let heldRead = HeldRead()
    /// Done when everything has been sent that comes before the end.
    private var outputEnd: EventLoopFuture<Void>?
    /// What came before the partner.
    private var waiting: [NIOAny] = []

    /// Joins `channel` with a new one on the connected socket `file`, on the same event loop.
    static func join(_ channel: any Channel, to file: Int32) throws {
        let near = Splice()
        try channel.pipeline.syncOperations.addHandler(near)
        let bound = NIOLoopBound(near, eventLoop: channel.eventLoop)
        ClientBootstrap(group: channel.eventLoop)
            .channelOption(.allowRemoteHalfClosure, value: true)
            .channelInitializer { other in
                other.eventLoop.makeCompletedFuture {
                    let far = Splice()
                    far.partner = bound.value
                    try other.pipeline.syncOperations.addHandler(far)
                    bound.value.meet(far)
                }
            }
            .withConnectedSocket(file)
            .whenFailure { _ in channel.close(promise: nil) }
    }

    private func meet(_ other: Splice) {
        partner = other
        for data in waiting { other.context?.write(data, promise: nil) }
        waiting = []
        other.context?.flush()
        resumeReading()
    }

    private var isWritable: Bool { context?.channel.isWritable ?? false }

    private func resumeReading() {
        if partner?.isWritable == true { heldRead.resume(context) }
    }

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }

    func handlerRemoved(context: ChannelHandlerContext) {
        self.context = nil
        partner = nil
    }

    func read(context: ChannelHandlerContext) {
        heldRead.read(context, if: partner?.isWritable == true)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard let partner else { return waiting.append(data) }
        partner.context?.write(data, promise: nil)
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        partner?.context?.flush()
        context.fireChannelReadComplete()
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        if context.channel.isWritable { partner?.resumeReading() }
        context.fireChannelWritabilityChanged()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case .some(.inputClosed) = event as? ChannelEvent {
            partner?.endOutput()
        }
        context.fireUserInboundEventTriggered(event)
    }

    func channelInactive(context: ChannelHandlerContext) {
        partner?.closeAfterWrites()
        partner = nil
        context.fireChannelInactive()
    }

    private func endOutput() {
        guard let channel = context?.channel else { return }
        outputEnd = channel.close(mode: .output)
    }

    /// A channel that is closed drops what was not sent yet; one that takes nothing any more is closed all the same.
    private func closeAfterWrites() {
        guard let channel = context?.channel else { return }
        let limit = channel.eventLoop.scheduleTask(in: Self.patience) { channel.close(promise: nil) }
        (outputEnd ?? channel.writeAndFlush(ByteBuffer())).whenComplete { _ in
            limit.cancel()
            channel.close(promise: nil)
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
}
