// Event-loop-bound. One HTTP/1.1 connection to a replica or the management server: it carries one exchange at a
// time and goes back to its loop's pool in between.

import NIOCore
import NIOHTTP1

/// Who uses a connection at the moment. All calls come on the connection's event loop.
protocol UpstreamReceiver: AnyObject {
    func upstreamDidReceive(head: HTTPResponseHead)
    func upstreamDidReceive(body: ByteBuffer)
    /// What was received so far should go out now.
    func upstreamDidReceiveBatch()
    /// The response is complete; the connection is no longer the receiver's.
    func upstreamDidEnd(trailers: HTTPHeaders?)
    func upstreamDidBecomeWritable()
    /// The connection broke before the response was complete; it is no longer the receiver's.
    /// - Parameter wasStale: it was kept alive from an earlier request and gave not one byte to this one, so
    ///   the other side most likely closed it before it saw the request.
    func upstreamDidBreak(wasStale: Bool)
}

final class UpstreamConnection: ChannelDuplexHandler {
    typealias InboundIn = HTTPClientResponsePart
    typealias OutboundIn = HTTPClientRequestPart
    typealias OutboundOut = HTTPClientRequestPart

    let address: UpstreamAddress
    private unowned let pool: ConnectionPool
    private var context: ChannelHandlerContext?
    private var receiver: (any UpstreamReceiver)?

    private var exchanges = 0
    private var requestEnded = false
    private var hasReceived = false
    private var mayBeKept = false
    /// The response is complete. The connection goes back to the pool when the whole read was looked at, so that
    /// surplus bytes can never become the answer to somebody else's request.
    private var isReturning = false

    private var isReading = true
    private var readIsPending = false

    /// When the connection went back to the pool; set by the pool.
    var idleSince = NIODeadline.distantPast

    init(address: UpstreamAddress, pool: ConnectionPool) {
        self.address = address
        self.pool = pool
    }

    // MARK: Used by the exchange

    /// Makes `receiver` the owner until the response ends, the connection breaks, or it calls `abandon`.
    func begin(_ receiver: any UpstreamReceiver, head: HTTPRequestHead) {
        self.receiver = receiver
        exchanges += 1
        requestEnded = false
        hasReceived = false
        mayBeKept = false
        write(.head(head))
    }

    func send(_ chunk: ByteBuffer) { write(.body(.byteBuffer(chunk))) }

    func sendEnd() {
        requestEnded = true
        write(.end(nil))
    }

    func flush() { context?.flush() }

    var isWritable: Bool { context?.channel.isWritable ?? false }

    /// Back-pressure: while false, no more of the response is read.
    func setReading(_ on: Bool) {
        isReading = on
        if on, readIsPending {
            readIsPending = false
            context?.read()
        }
    }

    /// Closes the connection at once, which tells the other side that nobody waits any more.
    func abandon() {
        receiver = nil
        close()
    }

    func close() { context?.close(promise: nil) }

    var isOpen: Bool { context?.channel.isActive ?? false }

    private func write(_ part: HTTPClientRequestPart) {
        context?.write(wrapOutboundOut(part), promise: nil)
    }

    // MARK: Channel

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }

    func handlerRemoved(context: ChannelHandlerContext) { self.context = nil }

    func read(context: ChannelHandlerContext) {
        if isReading { context.read() } else { readIsPending = true }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard let receiver else {
            // Bytes nobody asked for: the connection cannot be trusted.
            isReturning = false
            return context.close(promise: nil)
        }
        hasReceived = true
        switch unwrapInboundIn(data) {
        case .head(let head):
            if !head.isInterim { mayBeKept = head.isKeepAlive }
            receiver.upstreamDidReceive(head: head)
        case .body(let chunk):
            receiver.upstreamDidReceive(body: chunk)
        case .end(let trailers):
            self.receiver = nil
            setReading(true)
            if mayBeKept, requestEnded { isReturning = true } else { context.close(promise: nil) }
            receiver.upstreamDidEnd(trailers: trailers)
        }
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        receiver?.upstreamDidReceiveBatch()
        if isReturning, context.channel.isActive {
            isReturning = false
            pool.keep(self)
        }
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        if context.channel.isWritable { receiver?.upstreamDidBecomeWritable() }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) {
        pool.forget(self)
        let receiver = receiver
        self.receiver = nil
        receiver?.upstreamDidBreak(wasStale: exchanges > 1 && !hasReceived)
    }
}
