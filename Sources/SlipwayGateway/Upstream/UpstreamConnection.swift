// One HTTP/1.1 connection to a replica or the management server: it carries one exchange at a time and goes back to
// its loop's pool in between.

import Glibc
import SlipwayCore
import SlipwaySockets

final class UpstreamConnection: StreamSocket {
    /// Head bytes an upstream may send; generous, as models are our user's own code.
    private static let maxHeadBytes = 256 * 1024
    private static let headTooLarge = PlatformErrors.answerHeadTooLarge(limit: maxHeadBytes)

    private enum Stage {
        case head
        case bytes(Int)
        case chunked(ChunkDecoder)
        case untilEnd
        /// Bytes both ways after an upgrade.
        case tunnel
    }

    private let shelf: ConnectionPool.Shelf
    private let pool: ConnectionPool
    private var exchange: Exchange?
    private var isConnected = false
    private var connectDeadline: Deadline?

    private var stage = Stage.head
    private var scan = HeadScan()
    /// A head that has not come completely.
    private var pending = ByteQueue()
    private var trailer = ByteQueue()
    private var exchanges = 0
    private var answersHEAD = false
    private var requestEnded = false
    private var hasReceived = false
    private var mayBeKept = false

    /// When the connection went back to the pool; set by the pool.
    var idleSince: UInt64 = 0
    /// `sentCount` as the exchange began.
    private var sentBefore: UInt64 = 0

    init(
        connectingTo endpoint: Endpoint, shelf: ConnectionPool.Shelf, pool: ConnectionPool,
        for exchange: Exchange
    ) throws {
        self.shelf = shelf
        self.pool = pool
        self.exchange = exchange
        try super.init(connectingTo: endpoint, on: pool.reactor)
        shelf.opened()
        let deadline = Deadline(on: pool.reactor) { [unowned self] in connectTimedOut() }
        deadline.set(pool.reactor.now + pool.configuration.connectTimeout.nanoseconds)
        connectDeadline = deadline
    }

    // MARK: Used by the exchange

    /// Makes `exchange` the owner until the answer ends, the connection breaks, or it calls `abandon`.
    func begin(_ exchange: Exchange, answersHEAD: Bool) {
        self.exchange = exchange
        self.answersHEAD = answersHEAD
        exchanges += 1
        requestEnded = false
        hasReceived = false
        sentBefore = sentCount
        mayBeKept = false
        stage = .head
        scan = HeadScan()
    }

    /// Makes `exchange` the owner of everything that comes.
    func beginTunnel(_ exchange: Exchange) {
        self.exchange = exchange
        exchanges += 1
        hasReceived = true
        mayBeKept = false
        stage = .tunnel
    }

    /// The request has been sent to its last byte.
    func endRequest() { requestEnded = true }

    /// Closes the connection at once, which tells the other side that nobody waits any more.
    func abandon() {
        exchange = nil
        close()
    }

    override func close() {
        guard isOpen else { return }
        super.close()
        connectDeadline?.clear()
        shelf.closed(self)
    }

    // MARK: Connecting

    override func didConnect() {
        isConnected = true
        connectDeadline?.clear()
        connectDeadline = nil
        let waiting = exchange
        exchange = nil
        if let waiting { waiting.connected(self) } else { shelf.keep(self) }
    }

    private func connectTimedOut() {
        let waiting = exchange
        abandon()
        waiting?.connectFailed(SystemError("connect", number: ETIMEDOUT))
    }

    // MARK: Receiving

    override func didReceive(_ bytes: UnsafeRawBufferPointer) {
        guard exchange != nil else {
            // Bytes nobody asked for: the connection cannot be trusted.
            return close()
        }
        hasReceived = true
        do throws(PlatformError) {
            if pending.isEmpty {
                try consume(bytes)
            } else {
                pending.append(bytes)
                var taken = ByteQueue()
                swap(&taken, &pending)
                try consume(taken.bytes)
            }
        } catch {
            // What is wrong with it is the parser's to know, not the client's: it sent none of it.
            broke()
        }
    }

    override func didReceiveAll() { exchange?.upstreamDidReceiveAll() }

    private func consume(_ bytes: UnsafeRawBufferPointer) throws(PlatformError) {
        var rest = bytes
        while rest.count > 0, let exchange {
            switch stage {
            case .head:
                guard let end = try scan.end(of: rest) else {
                    guard rest.count <= Self.maxHeadBytes else { return refuse(Self.headTooLarge) }
                    return pending.append(rest)
                }
                guard end <= Self.maxHeadBytes else { return refuse(Self.headTooLarge) }
                scan = HeadScan()
                let message = rest.part(0, end)
                rest = rest.part(end, rest.count)
                let head = try ResponseHead(message, end: end, fields: pool.fields, hasNoBody: answersHEAD)
                receive(head, message, of: exchange, isLast: rest.count == 0)
            case .bytes(let left):
                let part = rest.part(0, min(left, rest.count))
                rest = rest.part(part.count, rest.count)
                stage = .bytes(left - part.count)
                exchange.upstreamDidReceive(body: part)
                if left == part.count { finish(surplus: rest.count) }
            case .chunked(var decoder):
                try receive(&rest, &decoder, of: exchange)
            case .untilEnd, .tunnel:
                exchange.upstreamDidReceive(body: rest)
                return
            }
        }
    }

    private func receive(
        _ head: ResponseHead, _ message: UnsafeRawBufferPointer, of exchange: Exchange, isLast: Bool
    ) {
        guard !head.isInterim else { return exchange.upstreamDidReceive(interim: head, message, pool.fields) }
        mayBeKept = head.keepAlive
        switch head.body {
        case .none, .bytes(0): stage = .bytes(0)
        case .bytes(let count): stage = .bytes(count)
        case .chunked: stage = .chunked(ChunkDecoder())
        case .untilEnd:
            mayBeKept = false
            stage = .untilEnd
        }
        if head.status == 101 { stage = .tunnel }
        exchange.upstreamDidReceive(head: head, message, pool.fields)
        if case .bytes(0) = stage, self.exchange === exchange { finish(surplus: isLast ? 0 : 1) }
    }

    private func receive(
        _ rest: inout UnsafeRawBufferPointer, _ decoder: inout ChunkDecoder, of exchange: Exchange
    ) throws(PlatformError) {
        while let piece = try decoder.next(&rest) {
            switch piece {
            case .data(let bytes): exchange.upstreamDidReceive(body: bytes)
            case .trailer(let bytes): trailer.append(bytes)
            }
            guard self.exchange === exchange else { return }
            if decoder.isComplete { break }
        }
        stage = .chunked(decoder)
        guard decoder.isComplete else { return }
        var passed = ByteQueue()
        try ForwardedHeaders.trailer(trailer.bytes, fields: pool.fields, out: &passed)
        trailer.removeAll()
        finish(surplus: rest.count, trailer: passed.bytes)
    }

    private func finish(
        surplus: Int, trailer: UnsafeRawBufferPointer = UnsafeRawBufferPointer(start: nil, count: 0)
    ) {
        guard let exchange else { return }
        self.exchange = nil
        stage = .head
        resumeReading()
        // Surplus bytes must never become the answer to somebody else's request.
        if mayBeKept, requestEnded, surplus == 0 { shelf.keep(self) } else { close() }
        exchange.upstreamDidEnd(trailer: trailer)
    }

    // MARK: Ends

    override func didReceiveEnd() {
        guard let exchange else { return close() }
        switch stage {
        case .untilEnd: finish(surplus: 1)
        case .tunnel: exchange.upstreamEndedTunnel()
        case .head, .bytes, .chunked: broke()
        }
    }

    override func didSendAll() { exchange?.upstreamDidSendAll() }

    override func didClose(_ error: SystemError) {
        let exchange = exchange
        self.exchange = nil
        guard isConnected else { return exchange?.connectFailed(error) ?? () }
        exchange?.upstreamDidBreak(wasStale: wasStale)
    }

    private func broke() {
        let (exchange, wasStale) = (exchange, wasStale)
        abandon()
        exchange?.upstreamDidBreak(wasStale: wasStale)
    }

    /// Whether it was closed as an idle connection, before the other side had anything of the request. One that took a part
    /// of it may have died of it: sent again, it would end the next one too.
    private var wasStale: Bool {
        exchanges > 1 && !hasReceived && UInt64(unacknowledgedCount) >= sentCount - sentBefore
    }

    private func refuse(_ error: PlatformError) {
        let exchange = exchange
        abandon()
        exchange?.upstreamWasRefused(error)
    }
}
