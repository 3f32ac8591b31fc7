// One connection of a client: reads requests one after the other, routes each on its own, and writes the answers.

import SlipwayCore
import SlipwaySockets

final class ClientConnection: StreamSocket {
    /// A request with an answer of our own is read to its end if it declares no more than this, so that the
    /// connection can go on; a larger one costs the client its connection.
    private static let bytesWorthReading = 64 * 1024
    /// After an early answer so much of the rest is still read, as closing with unread bytes would reset the
    /// connection and the client might never see the answer.
    private static let lingeringBytes = 4 * 1024 * 1024
    private static let lingeringTime: UInt64 = 5_000_000_000
    /// Answers are put together up to this size before they are sent.
    private static let gathered = 16 * 1024

    private enum State {
        /// Between two requests, or within a head.
        case idle
        case exchanging(Exchange)
        /// The answer is known and goes out when the request has been read.
        case answering(Answer)
        /// Answered before the request's end; the rest is thrown away, then the connection closes.
        case lingering(bytesLeft: Int)
        /// Bytes both ways.
        case tunnel(Exchange)
        /// Closes when all is sent.
        case closing
    }

    /// Where the request's body is.
    private enum Body {
        case complete
        case bytes(Int)
        case chunked(ChunkDecoder)
    }

    private let loop: LoopServices
    private let listener: ListenerKind
    private let origin: ConnectionOrigin
    private var plane: DataPlane { loop.plane }

    private var state = State.idle
    private var body = Body.complete
    private var scan = HeadScan()
    /// A head that has not come completely, or requests that came before their turn.
    private var pending = ByteQueue()
    private var trailer = ByteQueue()

    private var method = RequestHead.Method.get
    private var minorVersion = 1
    private var keepAlive = true
    private var answerIsChunked = false
    private var toleratesHalfClose = false
    private var clientHasEnded = false

    /// For the exchange.
    private(set) var requestDeadline: Deadline!
    private var watch: Deadline!
    /// When bytes last came or a request last ended, and when the head began that has not ended.
    private var progress: UInt64 = 0
    private var headBegan: UInt64?
    /// An empty line came where a request should begin.
    private var overlookedLine = false
    /// `sentCount` when the watch last looked.
    private var sentAtLastLook: UInt64 = 0

    /// Takes a connection that has been accepted. Throws when the loop cannot watch it.
    init(
        _ file: Int32, loop: LoopServices, listener: ListenerKind, origin: ConnectionOrigin
    ) throws {
        self.loop = loop
        self.listener = listener
        self.origin = origin
        try super.init(connected: file, on: loop.reactor)
        requestDeadline = Deadline(on: loop.reactor) { [unowned self] in exchange?.deadlineCame() }
        watch = Deadline(on: loop.reactor) { [unowned self] in look() }
        loop.opened(self)
        progress = loop.reactor.now
        watch.set(progress + plane.configuration.clientIdleTimeout.nanoseconds)
    }

    private var exchange: Exchange? {
        switch state {
        case .exchanging(let exchange), .tunnel(let exchange): exchange
        case .idle, .answering, .lingering, .closing: nil
        }
    }

    // MARK: Ends of the connection

    override func close() {
        guard isOpen else { return }
        super.close()
        requestDeadline.clear()
        watch.clear()
        let exchange = exchange
        state = .closing
        exchange?.clientGone()
        loop.closed(self)
    }

    override func didClose(_ error: SystemError) { close() }

    override func didReceiveEnd() {
        clientHasEnded = true
        switch state {
        case .tunnel(let exchange): exchange.clientEndedTunnel()
        // A client that has said that this is its last request may close its side; any other has left.
        case .exchanging where bodyIsComplete && toleratesHalfClose: break
        case .closing where unsentCount > 0: break
        case .idle, .exchanging, .answering, .lingering, .closing: close()
        }
    }

    private var bodyIsComplete: Bool { if case .complete = body { true } else { false } }

    // MARK: Receiving

    override func didReceive(_ bytes: UnsafeRawBufferPointer) {
        if pending.isEmpty {
            consume(bytes)
        } else {
            pending.append(bytes)
            consumePending()
        }
    }

    override func didResume() { if !pending.isEmpty { consumePending() } }

    private func consumePending() {
        var taken = ByteQueue()
        swap(&taken, &pending)
        consume(taken.bytes)
    }

    private func consume(_ bytes: UnsafeRawBufferPointer) {
        var rest = bytes
        do throws(PlatformError) {
            while rest.count > 0 {
                switch state {
                case .idle:
                    guard try receiveHead(&rest) else { return pending.append(rest) }
                case .exchanging where bodyIsComplete, .answering where bodyIsComplete:
                    // The next request: its turn comes with the end of this one's answer.
                    pending.append(rest)
                    return pauseReading()
                case .exchanging, .answering: try receiveBody(&rest)
                case .lingering(let bytesLeft): return linger(bytesLeft - rest.count, &rest)
                case .tunnel(let exchange): return exchange.requestBody(rest)
                case .closing: return
                }
            }
        } catch {
            refuse(error)
        }
    }

    /// - Returns: false when more bytes are needed.
    private func receiveHead(_ rest: inout UnsafeRawBufferPointer) throws(PlatformError) -> Bool {
        if headBegan == nil {
            guard rest[0] == 13 || Characters.isToken(rest[0]) else {
                throw PlatformErrors.badRequest("The request line is malformed.")
            }
            headBegan = loop.reactor.now
        }
        guard let end = try scan.end(of: rest) else {
            guard rest.count <= plane.configuration.maxHeadBytes else { throw PlatformErrors.headTooLarge }
            // From the first byte on: one that comes now and then does not make it longer.
            let began = headBegan ?? loop.reactor.now
            watch.set(began + plane.configuration.headTimeout.nanoseconds)
            return false
        }
        scan = HeadScan()
        guard end <= plane.configuration.maxHeadBytes else { throw PlatformErrors.headTooLarge }
        if end == 2 {
            // One empty line before a request is overlooked (RFC 9112 section 2.2).
            guard !overlookedLine else { throw PlatformErrors.badRequest("The request line is missing.") }
            overlookedLine = true
            rest = rest.part(2, rest.count)
            return true
        }
        let message = rest.part(0, end)
        if let takeOver = plane.http2, message.isExactly("PRI * HTTP/2.0\r\n\r\n") {
            handOver(rest, to: takeOver)
            rest = rest.part(0, 0)
            return true
        }
        rest = rest.part(end, rest.count)
        let head = try RequestHead(
            message, end: end, fields: loop.fields, maxURIBytes: plane.configuration.maxURIBytes)
        headBegan = nil
        overlookedLine = false
        (method, minorVersion, keepAlive) = (head.method, head.minorVersion, head.keepAlive)
        toleratesHalfClose = head.saysClose
        body =
            switch head.body {
            case .none, .bytes(0), .untilEnd: .complete
            case .bytes(let count): .bytes(count)
            case .chunked: .chunked(ChunkDecoder())
            }
        let request = ReceivedRequest(
            bytes: message, head: head, fields: loop.fields, origin: origin)
        try receive(request, &rest)
        return true
    }

    /// The client speaks HTTP/2, which is somebody else's part.
    private func handOver(_ bytes: UnsafeRawBufferPointer, to takeOver: HTTP2TakeOver) {
        let received = Array(bytes)
        watch.clear()
        state = .closing
        guard let file = detach() else { return }
        loop.closed(self)
        takeOver(HandedOverConnection(file: file, received: received, origin: origin, listener: listener))
    }

    private func receiveBody(_ rest: inout UnsafeRawBufferPointer) throws(PlatformError) {
        switch body {
        case .complete: break
        case .bytes(let left):
            let part = rest.part(0, min(left, rest.count))
            rest = rest.part(part.count, rest.count)
            body = part.count == left ? .complete : .bytes(left - part.count)
            exchange?.requestBody(part)
        case .chunked(var decoder):
            while !decoder.isComplete, let piece = try decoder.next(&rest) {
                switch piece {
                case .data(let bytes): exchange?.requestBody(bytes)
                case .trailer(let bytes): trailer.append(bytes)
                }
            }
            body = decoder.isComplete ? .complete : .chunked(decoder)
        }
        guard isOpen else { return rest = rest.part(0, 0) }
        if bodyIsComplete { return try receiveEnd() }
        // The rest of a body that nobody wants gets so long altogether.
        if case .answering = state { return }
        startWatch(plane.configuration.clientIdleTimeout)
    }

    private func receiveEnd() throws(PlatformError) {
        switch state {
        case .exchanging(let exchange):
            var passed = ByteQueue()
            if !trailer.isEmpty {
                try ForwardedHeaders.trailer(trailer.bytes, fields: loop.fields, out: &passed)
                trailer.removeAll()
            }
            exchange.requestEnd(trailer: passed.bytes)
        case .answering(let answer):
            trailer.removeAll()
            self.answer(answer)
        case .idle, .lingering, .tunnel, .closing: break
        }
    }

    /// Answers a request that cannot be understood; its connection ends with it.
    private func refuse(_ error: PlatformError) {
        if case .exchanging(let exchange) = state {
            state = .idle
            exchange.clientGone()
            guard !answerBegan else { return close() }
        }
        body = .bytes(.max)
        answer(.error(error, requestID: loop.newRequestID()))
    }

    // MARK: Routing

    private func receive(
        _ request: ReceivedRequest, _ rest: inout UnsafeRawBufferPointer
    ) throws(PlatformError) {
        answerBegan = false
        let host = request.text(request.head.host)
        switch HostRouter.route(host: host, target: request.target, listener: listener) {
        case .management where plane.isLeaving && request.asksForEvents:
            // A stream has no end, and this process ends with its last request: the client comes back to the other one.
            keepAlive = false
            reply(.managementUnreachable, to: request)
        case .management:
            try begin(
                ManagementExchange(client: self, loop: loop, request: request, target: nil), request, &rest)
        case .asynchronous(let uri):
            try begin(
                ManagementExchange(client: self, loop: loop, request: request, target: uri), request, &rest)
        case .nowhere:
            reply(.error(PlatformErrors.notAModelHost, requestID: loop.newRequestID()), to: request)
        case .inference(let call): try receive(call, request, &rest)
        }
    }

    private func receive(
        _ call: InferenceCall, _ request: ReceivedRequest, _ rest: inout UnsafeRawBufferPointer
    ) throws(PlatformError) {
        let requestID = loop.newRequestID()
        let opensTunnel = origin.mayTunnel && request.text(request.head.methodRange).isExactly("TUNNEL")
        switch loop.admit(call, request, opensTunnel: opensTunnel) {
        case .rejected(let error, let deployment, let allow):
            plane.logger.debug(
                "request rejected",
                metadata: [
                    "model": "\(call.model)", "status": "\(error.status)", "request_id": "\(requestID.text)",
                ])
            if let deployment {
                plane.logFailure(
                    "\(request.logDescription) answered \(error.status): \(error.message)", requestID,
                    of: deployment)
            }
            reply(.error(error, requestID: requestID, allow: allow), to: request)
        case .wake(let deployment):
            loop.book(deployment).touched(loop.reactor.now)
            plane.observer.demand(for: deployment)
            reply(.accepted(requestID: requestID), to: request)
        case .predict(let operation, let query, let deployment):
            let exchange = PredictionExchange(
                client: self, loop: loop, request: request, query: query, operation: operation,
                deployment: deployment, requestID: requestID)
            try begin(exchange, request, &rest)
        }
    }

    /// What came of the body with the head goes on with it.
    private func begin(
        _ exchange: Exchange, _ request: ReceivedRequest, _ rest: inout UnsafeRawBufferPointer
    ) throws(PlatformError) {
        state = .exchanging(exchange)
        if request.head.expectsContinue, !bodyIsComplete {
            send("HTTP/1.1 100 Continue\r\n\r\n")
        }
        if bodyIsComplete {
            exchange.requestEnd(trailer: UnsafeRawBufferPointer(start: nil, count: 0))
        } else if rest.count > 0 {
            try receiveBody(&rest)
        } else {
            startWatch(plane.configuration.clientIdleTimeout)
        }
        if !exchange.isOver { exchange.begin() }
    }

    /// Answers without an upstream: after the request's end if that is near, else at once.
    private func reply(_ answer: Answer, to request: ReceivedRequest) {
        if bodyIsComplete { return self.answer(answer) }
        state = .answering(answer)
        guard case .bytes(let count) = body, count <= Self.bytesWorthReading, !request.head.expectsContinue
        else { return self.answer(answer) }
        startWatch(plane.configuration.clientIdleTimeout)
    }

    private func linger(_ bytesLeft: Int, _ rest: inout UnsafeRawBufferPointer) {
        state = .lingering(bytesLeft: bytesLeft)
        // Chunks are not looked at any more: the connection ends in any case.
        if case .bytes(let left) = body {
            body = rest.count >= left ? .complete : .bytes(left - rest.count)
        }
        if bodyIsComplete || bytesLeft <= 0 { endAfterSending() }
    }

    // MARK: Answering

    private var answerBegan = false

    /// So much waits to be sent that no more should be made.
    var isCongested: Bool { unsentCount > plane.configuration.bodyHighWater }

    override func didSendAll() {
        switch state {
        case .exchanging(let exchange), .tunnel(let exchange): exchange.clientDidSendAll()
        case .closing: close()
        case .idle, .answering, .lingering: break
        }
    }

    private func send(_ text: StaticString) {
        send(UnsafeRawBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    /// An interim answer such as 103, without being asked.
    func sendInterim(_ head: ResponseHead, _ bytes: UnsafeRawBufferPointer, _ fields: FieldTable) {
        guard minorVersion > 0 else { return }
        appendStatusLine(head.status, reason: bytes.part(head.reason.lowerBound, head.reason.upperBound))
        ForwardedHeaders.toClient(head, fields, bytes, isReplica: true, out: &loop.reactor.sendBuffer)
        loop.reactor.sendBuffer.append("\r\n")
        flush()
    }

    /// Where a held request is in the queue, 1 for the next.
    func sendInterim(position: Int, reason: String) {
        guard minorVersion > 0 else { return }
        loop.reactor.sendBuffer.append("HTTP/1.1 102 Processing\r\nX-Slipway-Queue-Position: ")
        loop.reactor.sendBuffer.append(decimal: position)
        loop.reactor.sendBuffer.append("\r\nX-Slipway-Queue-Reason: ")
        loop.reactor.sendBuffer.append(reason)
        loop.reactor.sendBuffer.append("\r\n\r\n")
        flush()
    }

    private func appendStatusLine(_ status: Int, reason: UnsafeRawBufferPointer) {
        loop.reactor.sendBuffer.append("HTTP/1.1 ")
        loop.reactor.sendBuffer.append(decimal: status)
        loop.reactor.sendBuffer.append(" ")
        loop.reactor.sendBuffer.append(reason)
        loop.reactor.sendBuffer.append("\r\n")
    }

    /// The answer's head, kept until `flush`.
    func sendHead(
        _ head: ResponseHead, _ bytes: UnsafeRawBufferPointer, _ fields: FieldTable, of exchange: Exchange
    ) {
        answerBegan = true
        if plane.isDraining { keepAlive = false }
        appendStatusLine(head.status, reason: bytes.part(head.reason.lowerBound, head.reason.upperBound))
        ForwardedHeaders.toClient(
            head, fields, bytes, isReplica: exchange.isForReplica, out: &loop.reactor.sendBuffer)
        exchange.writeFields(&loop.reactor.sendBuffer)
        answerIsChunked = false
        switch head.body {
        case .none, .bytes: break
        case .chunked, .untilEnd:
            // HTTP/1.0: only the end of the connection ends such a body.
            if minorVersion > 0 { answerIsChunked = true } else { keepAlive = false }
        }
        if answerIsChunked { loop.reactor.sendBuffer.append("Transfer-Encoding: chunked\r\n") }
        endHead(isUpgrade: head.status == 101)
    }

    private func endHead(isUpgrade: Bool) {
        if isUpgrade {
            loop.reactor.sendBuffer.append("Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
        } else if !keepAlive {
            loop.reactor.sendBuffer.append("Connection: close\r\n\r\n")
        } else if minorVersion == 0 {
            loop.reactor.sendBuffer.append("Connection: keep-alive\r\n\r\n")
        } else {
            loop.reactor.sendBuffer.append("\r\n")
        }
    }

    /// More of the answer's body; small pieces are kept until `flush`.
    func sendBody(_ bytes: UnsafeRawBufferPointer) {
        let reactor = loop.reactor
        if answerIsChunked {
            reactor.sendBuffer.append(hexadecimal: bytes.count)
            reactor.sendBuffer.append("\r\n")
        }
        if reactor.sendBuffer.count + bytes.count <= Self.gathered {
            reactor.sendBuffer.append(bytes)
            if answerIsChunked { reactor.sendBuffer.append("\r\n") }
            return
        }
        let end: StaticString = answerIsChunked ? "\r\n" : ""
        send(
            reactor.sendBuffer.bytes, bytes,
            UnsafeRawBufferPointer(start: end.utf8Start, count: end.utf8CodeUnitCount))
        reactor.emptySendBuffer()
        watchSending()
    }

    /// Sends what has been kept.
    func flush() {
        guard !loop.reactor.sendBuffer.isEmpty else { return }
        send(loop.reactor.sendBuffer.bytes)
        loop.reactor.emptySendBuffer()
        watchSending()
    }

    private func watchSending() {
        if unsentCount > 0 { startWatch(plane.configuration.clientIdleTimeout) }
    }

    /// Ends the answer and with it the exchange.
    func sendEnd(trailer: UnsafeRawBufferPointer) {
        if answerIsChunked {
            loop.reactor.sendBuffer.append("0\r\n")
            loop.reactor.sendBuffer.append(trailer)
            loop.reactor.sendBuffer.append("\r\n")
        }
        flush()
        ended()
    }

    private func ended() {
        guard isOpen else { return }
        guard bodyIsComplete else {
            state = .lingering(bytesLeft: Self.lingeringBytes)
            sendEnd()
            watch.set(loop.reactor.now + Self.lingeringTime)
            return resumeReading()
        }
        // A client that was not told so may send its next request on the connection that another process is to have.
        guard keepAlive, !clientHasEnded, !plane.isDraining || plane.isLeaving else {
            return endAfterSending()
        }
        state = .idle
        let configuration = plane.configuration
        startWatch(plane.isLeaving ? configuration.leavingIdleTimeout : configuration.clientIdleTimeout)
        resumeReading()
        if !pending.isEmpty { resumeSoon() }
    }

    private func endAfterSending() {
        if unsentCount == 0 { return close() }
        state = .closing
    }

    /// A whole answer of the gateway's own; ends the exchange.
    func answer(_ answer: Answer) {
        guard isOpen else { return }
        if !bodyIsComplete || plane.isDraining { keepAlive = false }
        answerIsChunked = false
        let out = loop.reactor
        out.sendBuffer.append("HTTP/1.1 ")
        out.sendBuffer.append(decimal: answer.status)
        out.sendBuffer.append(" ")
        out.sendBuffer.append(Reason.phrase(answer.status))
        out.sendBuffer.append("\r\n")
        answer.writeFields(&out.sendBuffer)
        out.sendBuffer.append("Content-Length: ")
        out.sendBuffer.append(decimal: answer.body.utf8.count)
        out.sendBuffer.append("\r\n")
        endHead(isUpgrade: false)
        if method != .head { out.sendBuffer.append(answer.body) }
        flush()
        ended()
    }

    /// Closes at once, as the answer that has begun cannot be completed.
    func abort() {
        loop.reactor.emptySendBuffer()
        state = .closing
        reset()
    }

    // MARK: Upgraded connections

    /// Answers a request for a bare connection to a replica, which has been made.
    func acceptTunnel(of exchange: Exchange) {
        answerBegan = true
        loop.reactor.sendBuffer.append("HTTP/1.1 101 Switching Protocols\r\n")
        exchange.writeFields(&loop.reactor.sendBuffer)
        loop.reactor.sendBuffer.append("\r\n")
        startTunnel()
        flush()
    }

    /// What comes from now on is passed on as it is.
    func startTunnel() {
        guard case .exchanging(let exchange) = state else { return }
        state = .tunnel(exchange)
        resumeReading()
        if !pending.isEmpty { resumeSoon() }
    }

    /// The replica has ended its side.
    func endTunnel() { endAfterSending() }

    // MARK: Timeouts

    private func startWatch(_ timeout: Duration) {
        progress = loop.reactor.now
        watch.set(progress + timeout.nanoseconds)
    }

    /// The watch's moment has come: does the client make no progress?
    private func look() {
        let configuration = plane.configuration
        let now = loop.reactor.now
        if unsentCount > 0 {
            let isStuck = sentCount == sentAtLastLook
            sentAtLastLook = sentCount
            if isStuck, now >= progress + configuration.clientIdleTimeout.nanoseconds { return reset() }
            return watch.set(now + configuration.clientIdleTimeout.nanoseconds)
        }
        switch state {
        case .idle:
            guard headBegan != nil else { return close() }
            refuse(PlatformErrors.headTimeout)
        case .lingering, .closing: close()
        case .exchanging, .answering:
            // Paused: the replica is slow, not the client.
            guard !bodyIsComplete else { break }
            guard !isPaused else { return watch.set(now + configuration.clientIdleTimeout.nanoseconds) }
            refuse(PlatformErrors.headTimeout)
        case .tunnel: break
        }
    }

    /// Another process serves from now on. One more request is answered here, if it comes soon.
    func leave() {
        if case .idle = state { startWatch(plane.configuration.leavingIdleTimeout) }
    }

    /// Closes at once if no request is under way, else after it.
    func quiesce() {
        keepAlive = false
        if case .idle = state { close() }
        if case .tunnel = state { close() }
    }
}
