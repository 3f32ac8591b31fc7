// Event-loop-bound. One request that is passed to an upstream: bodies flow both ways as they come, and each side
// is read only as fast as the other takes it. Subclasses choose the upstream and decide what failures mean.

import NIOCore
import NIOHTTP1

class Exchange: UpstreamReceiver {
    let client: any ExchangeClient
    let loop: LoopServices
    /// As the upstream is to receive it.
    final var head: HTTPRequestHead
    final var body: RequestBody
    private(set) final var responseStarted = false
    /// Of the answer that has begun.
    private(set) final var responseStatus: HTTPResponseStatus?
    private(set) final var responseBegan: NIODeadline?
    private(set) final var responseBytes = 0
    private(set) final var isOver = false

    private var upstream: UpstreamConnection?
    private var endWasSent = false
    /// Tells a connect that has become unwanted by the time it completes.
    private var connectCount = 0

    init(client: any ExchangeClient, loop: LoopServices, head: HTTPRequestHead) {
        self.client = client
        self.loop = loop
        self.head = head
        body = RequestBody(replayLimit: loop.plane.configuration.replayLimit)
    }

    // MARK: For subclasses

    /// Begins; called once, when the head has come.
    func start() {}

    /// No connection could be made; nothing was sent.
    func connectFailed(_ error: any Error) {}

    /// The connection broke before the answer's head.
    /// - Parameter canSendAgain: the body is still there from its first byte.
    func lostBeforeHead(wasStale: Bool, canSendAgain: Bool) {}

    /// The headers for the client, changed as needed.
    func adapt(_ headers: inout HTTPHeaders) {}

    /// The exchange is over, for the reason given; called exactly once.
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

    /// Sends the request to `address`; for a second try only if `lostBeforeHead` said that it can be sent again,
    /// or after `connectFailed`.
    final func send(to address: UpstreamAddress, allowIdle: Bool) {
        connectCount += 1
        if allowIdle, let connection = loop.pool.takeIdle(address) { return begin(on: connection) }
        let mine = connectCount
        loop.pool.connect(address) { result in
            guard !self.isOver, mine == self.connectCount else {
                if case .success(let connection) = result { self.loop.pool.keep(connection) }
                return
            }
            switch result {
            case .success(let connection): self.begin(on: connection)
            case .failure(let error): self.connectFailed(error)
            }
        }
    }

    /// Gives up the current upstream, which cancels what it does.
    final func abandonUpstream() {
        connectCount += 1
        let connection = upstream
        upstream = nil
        connection?.abandon()
    }

    /// Ends the exchange with the gateway's own answer, or with a closed connection if another has begun.
    final func fail(_ answer: Answer) {
        guard !isOver else { return }
        guard !responseStarted else { return breakOff() }
        abandonUpstream()
        over(.answered(answer))
        client.answer(answer)
    }

    private func breakOff() {
        abandonUpstream()
        over(.broken)
        client.abort()
    }

    private func over(_ ending: Ending) {
        guard !isOver else { return }
        isOver = true
        didEnd(ending)
    }

    // MARK: From the client

    func requestBody(_ chunk: ByteBuffer) {
        guard !isOver else { return }
        body.append(chunk)
        pump()
    }

    final func requestEnd() {
        guard !isOver else { return }
        body.complete()
        pump()
    }

    final func clientBecameWritable() { upstream?.setReading(true) }

    final func clientGone() {
        abandonUpstream()
        over(.clientLeft)
    }

    // MARK: To the upstream

    private func begin(on connection: UpstreamConnection) {
        upstream = connection
        endWasSent = false
        connection.setReading(client.isWritable)
        connection.begin(self, head: head)
        pump()
    }

    private func pump() {
        if let upstream {
            while upstream.isWritable, let chunk = body.next() {
                upstream.send(chunk)
                // A write can fail at once and take the connection away.
                guard self.upstream === upstream else { return }
            }
            if body.isComplete, body.waiting == 0, !endWasSent {
                endWasSent = true
                upstream.sendEnd()
            }
            upstream.flush()
        }
        guard !isOver else { return }
        // A complete request pauses nothing: reading on is how a leaving client is noticed.
        client.setReading(body.isComplete || body.waiting < loop.plane.configuration.bodyHighWater)
    }

    // MARK: UpstreamReceiver

    final func upstreamDidReceive(head: HTTPResponseHead) {
        if head.status == .switchingProtocols {
            // Nobody asked for it: Upgrade headers are not passed on.
            abandonUpstream()
            return lostBeforeHead(wasStale: false, canSendAgain: false)
        }
        if head.isInterim {
            // 100 was answered by the gateway itself.
            if head.status != .continue { client.sendInformational(head) }
            return
        }
        responseStarted = true
        responseStatus = head.status
        responseBegan = .now()
        body.stopRetaining()
        var headers = ForwardedHeaders.toClient(head)
        adapt(&headers)
        client.sendHead(status: head.status, headers: headers)
    }

    final func upstreamDidReceive(body chunk: ByteBuffer) {
        responseBytes += chunk.readableBytes
        client.sendBody(chunk)
        if !client.isWritable { upstream?.setReading(false) }
    }

    final func upstreamDidReceiveBatch() {
        client.flush()
        if !client.isWritable { upstream?.setReading(false) }
    }

    final func upstreamDidEnd(trailers: HTTPHeaders?) {
        upstream = nil
        over(.complete)
        client.sendEnd(trailers: trailers)
    }

    final func upstreamDidBecomeWritable() { pump() }

    final func upstreamDidBreak(wasStale: Bool) {
        upstream = nil
        guard !isOver else { return }
        if responseStarted { return breakOff() }
        // At once: bytes that come later could push the body over the limit up to which it is kept.
        let canSendAgain = body.rewind()
        lostBeforeHead(wasStale: wasStale, canSendAgain: canSendAgain)
    }
}

extension HTTPResponseHead {
    /// Another head follows for the same request.
    var isInterim: Bool { (100..<200).contains(status.code) }
}
