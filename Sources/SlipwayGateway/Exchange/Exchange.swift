// One request that is passed to an upstream: bodies flow both ways as they come, and each side is read only as fast
// as the other takes it. Subclasses choose the upstream and decide what failures mean. Used on its loop only.

import SlipwayCore
import SlipwaySockets

class Exchange {
    /// Outlives the exchange: it ends it before it goes.
    final unowned(unsafe) let client: ClientConnection
    final let loop: LoopServices
    final let method: RequestHead.Method
    final let methodName: String
    final let isChunked: Bool
    final let isUpgrade: Bool
    final var body: RequestBody
    private(set) final var responseStarted = false
    /// Of the answer that has begun.
    private(set) final var responseStatus = 0
    private(set) final var responseBegan: UInt64?
    private(set) final var responseBytes = 0
    private(set) final var isOver = false
    private final var hasStarted = false
    private final var isTunnel = false

    private final var upstream: UpstreamConnection?
    private final var connecting: UpstreamConnection?
    private final var target = ""
    private final var endWasSent = false

    init(client: ClientConnection, loop: LoopServices, request: ReceivedRequest) {
        self.client = client
        self.loop = loop
        method = request.head.method
        methodName = method == .post ? "POST" : request.text(request.head.methodRange).text
        isChunked = request.head.body == .chunked
        isUpgrade = request.head.wantsWebSocket
        body = RequestBody(replayLimit: loop.plane.configuration.replayLimit)
    }

    // MARK: For subclasses

    /// Whether a model answers, not a part of the platform.
    var isForReplica: Bool { false }

    /// Whether the client gets a bare connection to the upstream.
    var opensTunnel: Bool { false }

    /// What came of the body with the head is there.
    final func begin() {
        hasStarted = true
        start()
    }

    /// Begins; called once, unless the client's first bytes were malformed.
    func start() {}

    /// No connection could be made; nothing was sent.
    func connectFailed(_ error: SystemError) { connecting = nil }

    /// The connection broke before the answer's head.
    /// - Parameter canSendAgain: the body is still there from its first byte.
    func lostBeforeHead(wasStale: Bool, canSendAgain: Bool) {}

    /// The replica's answer passes a limit of ours; it would so again.
    func answerIsRefused(_ error: PlatformError) { lostBeforeHead(wasStale: false, canSendAgain: false) }

    /// Fields of our own for the answer's head.
    func writeFields(_ out: inout ByteQueue) {}

    /// The answer has begun.
    func didBegin() {}

    /// The deadline set with `client.requestDeadline` has come.
    func deadlineCame() {}

    /// The exchange is over, for the reason given; called exactly once if it had started.
    func didEnd(_ ending: Ending) {}

    enum Ending {
        case complete
        /// The gateway's own answer.
        case answered(Answer)
        /// The client closed its connection first.
        case clientLeft
        /// The answer had begun and could not be completed.
        case broken
    }

    /// Sends the request to `endpoint`; for a second try only if `lostBeforeHead` said that it can be sent again,
    /// or after `connectFailed`.
    final func send(to endpoint: Endpoint, target: String, allowIdle: Bool) {
        self.target = target
        if allowIdle, let connection = loop.pool.takeIdle(endpoint) { return begin(on: connection) }
        do {
            connecting = try loop.pool.connect(endpoint, for: self)
        } catch {
            connectFailed(error as? SystemError ?? SystemError("connect", number: 0))
        }
    }

    /// Gives up the current upstream, which cancels what it does.
    final func abandonUpstream() {
        let (open, unready) = (upstream, connecting)
        (upstream, connecting) = (nil, nil)
        open?.abandon()
        unready?.abandon()
    }

    /// Ends the exchange with the gateway's own answer, or with a closed connection if another has begun.
    final func fail(_ answer: Answer) {
        guard !isOver else { return }
        guard !responseStarted else { return breakOff() }
        abandonUpstream()
        over(.answered(answer))
        client.answer(answer)
    }

    private final func breakOff() {
        abandonUpstream()
        over(.broken)
        client.abort()
    }

    private final func over(_ ending: Ending) {
        guard !isOver else { return }
        isOver = true
        if hasStarted { didEnd(ending) }
    }

    // MARK: From the client

    /// More of the body. Before `start` it is kept; after, it goes on as far as the upstream takes it.
    func requestBody(_ bytes: UnsafeRawBufferPointer) {
        guard !isOver else { return }
        if isTunnel {
            upstream?.send(bytes)
            return throttleClient()
        }
        body.append(bytes, isChunked: isChunked)
        pump()
    }

    /// - Parameter trailer: fields that follow a chunked body.
    final func requestEnd(trailer: UnsafeRawBufferPointer) {
        guard !isOver else { return }
        body.complete(isChunked: isChunked, trailer: trailer)
        pump()
    }

    final func clientDidSendAll() { upstream?.resumeReading() }

    final func clientGone() {
        abandonUpstream()
        over(.clientLeft)
    }

    /// The client of a tunnel sends no more.
    final func clientEndedTunnel() {
        guard isTunnel, let upstream else { return clientGone() }
        upstream.sendEnd()
    }

    // MARK: To the upstream

    /// The connection that was asked for is there.
    final func connected(_ connection: UpstreamConnection) {
        connecting = nil
        begin(on: connection)
    }

    private final func begin(on connection: UpstreamConnection) {
        upstream = connection
        guard !opensTunnel else { return beginTunnel(on: connection) }
        endWasSent = false
        connection.begin(self, answersHEAD: method == .head)
        let reactor = loop.reactor
        reactor.sendBuffer.append(methodName)
        reactor.sendBuffer.append(" ")
        reactor.sendBuffer.append(target)
        reactor.sendBuffer.append(" HTTP/1.1\r\n")
        reactor.sendBuffer.append(body.handOut())
        body.wasHandedOut()
        connection.send(reactor.sendBuffer.bytes)
        reactor.emptySendBuffer()
        pump()
    }

    private final func beginTunnel(on connection: UpstreamConnection) {
        connection.beginTunnel(self)
        isTunnel = true
        responseStarted = true
        responseStatus = 101
        responseBegan = loop.reactor.now
        didBegin()
        client.acceptTunnel(of: self)
    }

    private final func pump() {
        if let upstream {
            if !body.isEmpty {
                upstream.send(body.handOut())
                body.wasHandedOut()
            }
            if body.isComplete, !endWasSent {
                endWasSent = true
                upstream.endRequest()
            }
        }
        throttleClient()
    }

    /// A complete request pauses nothing: reading on is how a leaving client is noticed.
    private final func throttleClient() {
        let waiting = body.waiting + (upstream?.unsentCount ?? 0)
        let mayRead = (body.isComplete && !isTunnel) || waiting < loop.plane.configuration.bodyHighWater
        if mayRead { client.resumeReading() } else { client.pauseReading() }
    }

    // MARK: From the upstream

    final func upstreamDidReceive(
        interim head: ResponseHead, _ bytes: UnsafeRawBufferPointer, _ fields: FieldTable
    ) {
        // 100 was answered by the gateway itself.
        guard head.status != 100 else { return }
        client.sendInterim(head, bytes, fields)
    }

    final func upstreamDidReceive(head: ResponseHead, _ bytes: UnsafeRawBufferPointer, _ fields: FieldTable) {
        if head.status == 101 {
            guard isUpgrade, head.switchesToWebSocket else {
                abandonUpstream()
                return lostBeforeHead(wasStale: false, canSendAgain: false)
            }
            isTunnel = true
        }
        responseStarted = true
        responseStatus = head.status
        responseBegan = loop.reactor.now
        body.stopRetaining()
        didBegin()
        client.sendHead(head, bytes, fields, of: self)
        if isTunnel {
            client.startTunnel()
            client.flush()
        }
    }

    /// A piece of the answer's body.
    func upstreamDidReceive(body bytes: UnsafeRawBufferPointer) {
        responseBytes += bytes.count
        client.sendBody(bytes)
    }

    /// What was received so far should go out now.
    final func upstreamDidReceiveAll() {
        client.flush()
        if client.isCongested { upstream?.pauseReading() }
    }

    final func upstreamDidEnd(trailer: UnsafeRawBufferPointer) {
        upstream = nil
        over(.complete)
        client.sendEnd(trailer: trailer)
    }

    final func upstreamEndedTunnel() {
        client.flush()
        abandonUpstream()
        over(.complete)
        client.endTunnel()
    }

    final func upstreamDidSendAll() { pump() }

    final func upstreamDidBreak(wasStale: Bool) {
        upstream = nil
        guard !isOver else { return }
        if responseStarted { return breakOff() }
        // At once: bytes that come later could push the body over the limit up to which it is kept.
        let canSendAgain = body.rewind()
        lostBeforeHead(wasStale: wasStale, canSendAgain: canSendAgain)
    }

    /// What comes from the upstream passes a limit of ours; the connection has been given up.
    final func upstreamWasRefused(_ error: PlatformError) {
        upstream = nil
        guard !isOver else { return }
        if responseStarted { return breakOff() }
        answerIsRefused(error)
    }
}
