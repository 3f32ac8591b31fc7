// Event-loop-bound. A gRPC call between its client's stream and a stream of its own to the replica: messages, flow
// and trailers pass as they are.

import NIOCore
import NIOHPACK
import NIOHTTP2

/// The client's side of a call.
final class GRPCNear: ChannelDuplexHandler {
    typealias InboundIn = HTTP2Frame.FramePayload
    typealias OutboundIn = HTTP2Frame.FramePayload
    typealias OutboundOut = HTTP2Frame.FramePayload

    private let call: GRPCCall
    private var context: ChannelHandlerContext?
    private var far: GRPCFar?
    private var tunnel: (any Channel)?
    private var requestID: String?
    /// What came before the replica's stream was there.
    private var waiting: [HTTP2Frame.FramePayload] = []
    private let heldRead = HeldRead()
    private var hasAnswered = false

    init(call: GRPCCall) { self.call = call }

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }
    func handlerRemoved(context: ChannelHandlerContext) { self.context = nil }

    // MARK: The connection to the replica

    /// The gateway has answered the request for a connection, which `channel` is.
    func tunnel(_ outcome: TunnelOpener.Outcome, _ channel: any Channel) {
        switch outcome {
        case .refused(let status, let message, let id):
            end(GRPCStatus.trailersOnly(GRPCStatus.code(http: status), message, requestID: id))
        case .open(let id):
            requestID = id
            tunnel = channel
            do { try speakHTTP2(channel) } catch { lost() }
        }
    }

    private func speakHTTP2(_ channel: any Channel) throws {
        guard context != nil else { return channel.close(promise: nil) }
        let multiplexer = try channel.pipeline.syncOperations.configureHTTP2Pipeline(
            mode: .client, connectionConfiguration: .init(), streamConfiguration: .init()
        ) { $0.close() }
        let me = NIOLoopBound(self, eventLoop: channel.eventLoop)
        let promise = channel.eventLoop.makePromise(of: (any Channel).self)
        multiplexer.createStreamChannel(promise: promise) { stream in
            stream.eventLoop.makeCompletedFuture {
                let far = GRPCFar(near: me.value)
                try stream.pipeline.syncOperations.addHandler(far)
                me.value.far = far
            }
        }
        promise.futureResult.whenComplete { result in
            if case .failure = result { me.value.lost() } else { me.value.begin() }
        }
    }

    private func begin() {
        for payload in waiting { pass(payload) }
        waiting = []
        far?.flush()
        resumeReading()
    }

    /// The replica is gone.
    func lost() {
        end(GRPCStatus.trailersOnly(14, "Error making prediction", requestID: requestID))
    }

    private func end(_ headers: HPACKHeaders) {
        guard let context else { return }
        if !hasAnswered {
            hasAnswered = true
            context.write(wrapOutboundOut(.headers(.init(headers: headers, endStream: true))), promise: nil)
            context.flush()
        }
        context.close(promise: nil)
    }

    // MARK: From the client

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let payload = unwrapInboundIn(data)
        if far == nil || !waiting.isEmpty { waiting.append(payload) } else { pass(payload) }
    }

    private func pass(_ payload: HTTP2Frame.FramePayload) {
        switch payload {
        case .headers(var frame):
            // The head; a client sends no trailers.
            frame.headers = call.headers
            if let requestID { frame.headers.add(name: "x-baseten-request-id", value: requestID) }
            far?.write(.headers(frame))
        case .data, .rstStream: far?.write(payload)
        default: break
        }
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        far?.flush()
        context.fireChannelReadComplete()
    }

    func read(context: ChannelHandlerContext) {
        // A message or two may come before the replica's stream is there.
        heldRead.read(context, if: far.map(\.isWritable) ?? waiting.isEmpty)
    }

    func resumeReading() {
        heldRead.resume(context)
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        if context.channel.isWritable { far?.resumeReading() }
        context.fireChannelWritabilityChanged()
    }

    func channelInactive(context: ChannelHandlerContext) {
        far?.close()
        tunnel?.close(promise: nil)
        self.context = nil
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

    // MARK: From the replica

    var isWritable: Bool { context?.channel.isWritable ?? false }

    func answer(_ payload: HTTP2Frame.FramePayload) {
        var payload = payload
        if case .headers(var frame) = payload {
            hasAnswered = true
            if frame.endStream, let requestID {
                frame.headers.replaceOrAdd(name: "x-baseten-request-id", value: requestID)
            }
            payload = .headers(frame)
        }
        context?.write(wrapOutboundOut(payload), promise: nil)
    }

    func flush() { context?.flush() }
}

/// The replica's side of a call.
final class GRPCFar: ChannelDuplexHandler {
    typealias InboundIn = HTTP2Frame.FramePayload
    typealias OutboundIn = HTTP2Frame.FramePayload
    typealias OutboundOut = HTTP2Frame.FramePayload

    private let near: GRPCNear
    private var context: ChannelHandlerContext?
    private let heldRead = HeldRead()
    private var isComplete = false

    init(near: GRPCNear) { self.near = near }

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }
    func handlerRemoved(context: ChannelHandlerContext) { self.context = nil }

    var isWritable: Bool { context?.channel.isWritable ?? false }
    func write(_ payload: HTTP2Frame.FramePayload) { context?.write(wrapOutboundOut(payload), promise: nil) }
    func flush() { context?.flush() }
    func close() { context?.close(promise: nil) }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let payload = unwrapInboundIn(data)
        switch payload {
        case .headers(let frame): isComplete = isComplete || frame.endStream
        case .data(let frame): isComplete = isComplete || frame.endStream
        default: return
        }
        near.answer(payload)
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        near.flush()
        context.fireChannelReadComplete()
    }

    func read(context: ChannelHandlerContext) {
        heldRead.read(context, if: near.isWritable)
    }

    func resumeReading() {
        heldRead.resume(context)
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        if context.channel.isWritable { near.resumeReading() }
        context.fireChannelWritabilityChanged()
    }

    func channelInactive(context: ChannelHandlerContext) {
        if !isComplete { near.lost() }
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
}
