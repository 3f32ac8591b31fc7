// Event-loop-bound. One connection of a client: reads requests one after the other, routes each on its own, and
// writes the answers. It is the last handler of the client channel's pipeline.

import NIOCore
import NIOHTTP1
import SlipwayCore

final class ClientConnection: ChannelDuplexHandler, ExchangeClient {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundIn = HTTPServerResponsePart
    typealias OutboundOut = HTTPServerResponsePart

    /// A request with an answer of our own is read to its end if it declares no more than this, so that the
    /// connection can go on; a larger one costs the client its connection.
    private static let bytesWorthReading = 64 * 1024
    /// After an early answer so much of the rest is still read, as closing with unread bytes would reset the
    /// connection and the client might never see the answer.
    private static let lingeringBytes = 4 * 1024 * 1024
    private static let lingeringTime: TimeAmount = .seconds(5)

    private enum State {
        /// Between two requests.
        case idle
        case exchanging(Exchange)
        /// The answer is known and goes out when the request has been read.
        case answering(Answer)
        /// Answered before the request's end; the rest is thrown away, then the connection closes.
        case lingering(bytesLeft: Int, answerIsOut: Bool)
        case closing
    }

    private let loop: LoopServices
    private let listener: ListenerKind
    private var plane: DataPlane { loop.plane }
    private var context: ChannelHandlerContext?

    private var state = State.idle
    private var framing = ResponseFraming(HTTPRequestHead(version: .http1_1, method: .GET, uri: "/"))
    private var requestIsComplete = true

    private var isReading = true
    private var readIsPending = false
    /// When bytes last came or a request last ended, for the idle timeout.
    private var lastProgress = NIODeadline.now()
    private var idleTimer: Scheduled<Void>?

    init(loop: LoopServices, listener: ListenerKind) {
        self.loop = loop
        self.listener = listener
    }

    // MARK: Channel

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        watchForIdleness()
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        self.context = nil
        idleTimer?.cancel()
    }

    func channelInactive(context: ChannelHandlerContext) {
        leave()
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        // For a request that cannot be parsed, the 400 is out already.
        leave()
        context.close(promise: nil)
    }

    private func leave() {
        idleTimer?.cancel()
        let previous = state
        state = .closing
        if case .exchanging(let exchange) = previous { exchange.clientGone() }
    }

    func read(context: ChannelHandlerContext) {
        if isReading { context.read() } else { readIsPending = true }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        lastProgress = .now()
        switch unwrapInboundIn(data) {
        case .head(let head): receive(head)
        case .body(let chunk): receive(chunk)
        case .end: receiveEnd()
        }
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        if context.channel.isWritable, case .exchanging(let exchange) = state {
            exchange.clientBecameWritable()
        }
        context.fireChannelWritabilityChanged()
    }

    // MARK: Request

    private func receive(_ head: HTTPRequestHead) {
        guard case .idle = state else { return }
        framing = ResponseFraming(head)
        requestIsComplete = false
        let checked: CheckedRequest
        do {
            checked = try CheckedRequest(head, maxURIBytes: plane.configuration.maxURIBytes)
        } catch {
            framing.endConnection()
            return answer(.error(error, requestID: .random()))
        }
        switch HostRouter.route(host: checked.host, uri: checked.head.uri, listener: listener) {
        case .management: toManagement(checked.head, checked)
        case .asynchronous(let uri):
            var head = checked.head
            head.uri = uri
            toManagement(head, checked)
        case .nowhere:
            reply(.error(PlatformErrors.notAModelHost, requestID: .random()), to: checked)
        case .inference(let call):
            receive(call, checked)
        }
    }

    private func toManagement(_ head: HTTPRequestHead, _ checked: CheckedRequest) {
        begin(
            ManagementExchange(
                client: self, loop: loop,
                head: ForwardedHeaders.toManagement(head, client: clientAddress)), checked)
    }

    private func receive(_ call: InferenceCall, _ checked: CheckedRequest) {
        let requestID = RequestID.random()
        switch plane.admit(call, checked) {
        case .rejected(let error, let deployment, let allow):
            plane.logger.debug(
                "request rejected",
                metadata: [
                    "model": "\(call.model)", "status": "\(error.status)", "request_id": "\(requestID.text)",
                ])
            if let deployment {
                plane.logFailure(
                    "\(checked.head.logDescription) answered \(error.status): \(error.message)", requestID,
                    of: deployment)
            }
            reply(.error(error, requestID: requestID, allow: allow), to: checked)
        case .wake(let deployment):
            plane.ledger.touched(deployment)
            plane.observer.demand(for: deployment)
            reply(.accepted(requestID: requestID), to: checked)
        case .predict(let request, let destination, let deployment):
            begin(
                PredictionExchange(
                    client: self, loop: loop, head: checked.head, clientAddress: clientAddress,
                    destination: destination, request: request, deployment: deployment,
                    requestID: requestID),
                checked)
        }
    }

    private func begin(_ exchange: Exchange, _ checked: CheckedRequest) {
        state = .exchanging(exchange)
        if checked.expectsContinue {
            sendInformational(HTTPResponseHead(version: .http1_1, status: .continue))
        }
        exchange.start()
    }

    /// Answers without an upstream: after the request's end if that is near, else at once.
    private func reply(_ answer: Answer, to checked: CheckedRequest) {
        let isShort =
            !checked.head.isChunked && !checked.expectsContinue
            && (checked.contentLength ?? 0) <= Self.bytesWorthReading
        state = .answering(answer)
        if !isShort { self.answer(answer) }
    }

    private func receive(_ chunk: ByteBuffer) {
        switch state {
        case .exchanging(let exchange):
            exchange.requestBody(chunk)
        case .lingering(let bytesLeft, let answerIsOut):
            state = .lingering(bytesLeft: bytesLeft - chunk.readableBytes, answerIsOut: answerIsOut)
            closeIfLingeredEnough()
        case .idle, .answering, .closing: break
        }
    }

    private func receiveEnd() {
        requestIsComplete = true
        switch state {
        case .exchanging(let exchange): exchange.requestEnd()
        case .answering(let answer): self.answer(answer)
        case .lingering: closeIfLingeredEnough()
        case .idle, .closing: break
        }
    }

    private func closeIfLingeredEnough() {
        guard case .lingering(let bytesLeft, let answerIsOut) = state else { return }
        if requestIsComplete || bytesLeft <= 0 {
            if answerIsOut { close() } else { setReading(false) }
        }
    }

    private var clientAddress: String? { context?.channel.remoteAddress?.ipAddress }

    // MARK: ExchangeClient

    var isWritable: Bool { context?.channel.isWritable ?? false }

    func setReading(_ on: Bool) {
        if on, !isReading { lastProgress = .now() }
        isReading = on
        if on, readIsPending {
            readIsPending = false
            context?.read()
        }
    }

    func sendInformational(_ head: HTTPResponseHead) {
        guard framing.version.isAtLeast11, !isClosing else { return }
        write(.head(HTTPResponseHead(version: .http1_1, status: head.status, headers: head.headers)))
        flush()
    }

    func sendHead(status: HTTPResponseStatus, headers: HTTPHeaders) {
        var headers = headers
        if plane.isDraining { framing.endConnection() }
        framing.frame(&headers, status: status)
        write(.head(HTTPResponseHead(version: .http1_1, status: status, headers: headers)))
    }

    func sendBody(_ chunk: ByteBuffer) { write(.body(.byteBuffer(chunk))) }

    func flush() { context?.flush() }

    func sendEnd(trailers: HTTPHeaders?) {
        guard let context, !isClosing else { return }
        lastProgress = .now()
        setReading(true)
        if requestIsComplete, framing.keepAlive {
            state = .idle
            write(.end(trailers))
            return flush()
        }
        state =
            requestIsComplete ? .closing : .lingering(bytesLeft: Self.lingeringBytes, answerIsOut: false)
        context.writeAndFlush(wrapOutboundOut(.end(trailers))).assumeIsolated().whenComplete { _ in
            self.answerWentOut()
        }
    }

    /// The last byte of an answer that ends the connection has been written.
    private func answerWentOut() {
        guard case .lingering(let bytesLeft, _) = state else { return close() }
        state = .lingering(bytesLeft: bytesLeft, answerIsOut: true)
        closeIfLingeredEnough()
        context?.eventLoop.assumeIsolated().scheduleTask(in: Self.lingeringTime) { self.close() }
    }

    func answer(_ answer: Answer) {
        guard !isClosing else { return }
        if !requestIsComplete { framing.endConnection() }
        var headers = answer.headers
        headers.replaceOrAdd(name: "Content-Length", value: "\(answer.body.utf8.count)")
        sendHead(status: answer.status, headers: headers)
        if framing.method != .HEAD, !answer.body.isEmpty { sendBody(ByteBuffer(string: answer.body)) }
        sendEnd(trailers: nil)
    }

    func abort() { close() }

    private var isClosing: Bool { if case .closing = state { true } else { false } }

    private func close() {
        state = .closing
        context?.close(promise: nil)
    }

    private func write(_ part: HTTPServerResponsePart) {
        guard let context, context.channel.isActive else { return }
        context.write(wrapOutboundOut(part), promise: nil)
    }

    // MARK: Idle timeout

    /// One timer per connection that looks when it could be due at the earliest.
    private func watchForIdleness() {
        guard let context else { return }
        let timeout = plane.configuration.clientIdleTimeout.timeAmount
        let now = NIODeadline.now()
        let due = max(lastProgress + timeout, now + .milliseconds(100))
        idleTimer = context.eventLoop.assumeIsolated().scheduleTask(deadline: due) {
            if self.isWaitingForClient, NIODeadline.now() >= self.lastProgress + timeout {
                self.leave()
                self.context?.close(promise: nil)
            } else {
                if !self.isWaitingForClient { self.lastProgress = .now() }
                self.watchForIdleness()
            }
        }
    }

    private var isWaitingForClient: Bool {
        switch state {
        case .idle: true
        case .exchanging: !requestIsComplete && isReading
        case .answering, .lingering: !requestIsComplete
        case .closing: false
        }
    }
}

extension CheckedRequest {
    /// The client waits for 100 before it sends the body.
    var expectsContinue: Bool {
        head.version.isAtLeast11 && head.headers.first(name: "expect")?.lowercased() == "100-continue"
    }
}
