// A connection on a reactor: what comes is handed over where it was read, what goes is sent at once and kept only
// when the kernel has no room.

import CSlipwaySockets
import Glibc

open class StreamSocket: Descriptor {
    /// Reads of one socket before others get their turn.
    private static let readsPerTurn = 4

    private enum Phase { case connecting, open }

    private var phase: Phase
    private var unsent = ByteQueue()
    private var mayHaveBytes = false
    private var endHasCome = false
    private var isResuming = false
    private var failure: SystemError?
    private var endsAfterUnsent = false
    /// While true, nothing is read.
    public private(set) final var isPaused = false

    /// Takes a connection that is made already. Throws when the reactor cannot watch it.
    public init(connected file: Int32, on reactor: Reactor) throws {
        phase = .open
        super.init(file: file, reactor: reactor)
        withoutDelay()
        try reactor.register(self, .changes)
    }

    /// Begins to connect; `didConnect` or `didClose` follows. Throws when that is known to be in vain at once.
    public init(connectingTo endpoint: Endpoint, on reactor: Reactor) throws {
        phase = .connecting
        let file = try endpoint.makeSocket()
        guard !FileReserve.isHalfUsed(by: file) else {
            Glibc.close(file)
            throw SystemError("socket", number: EMFILE)
        }
        super.init(file: file, reactor: reactor)
        withoutDelay()
        try endpoint.withSocketAddress { address, length in
            guard connect(file, address, length) == 0 || errno == EINPROGRESS else {
                throw SystemError("connect")
            }
        }
        try reactor.register(self, .changes)
    }

    private func withoutDelay() {
        var one: Int32 = 1
        setsockopt(file, Int32(IPPROTO_TCP), TCP_NODELAY, &one, socklen_t(MemoryLayout<Int32>.size))
    }

    // MARK: For subclasses

    /// The connection was made.
    open func didConnect() {}
    /// `bytes` are valid during the call only.
    open func didReceive(_ bytes: UnsafeRawBufferPointer) {}
    /// What was received in this turn has all been handed over.
    open func didReceiveAll() {}
    /// The other side sends no more.
    open func didReceiveEnd() {}
    /// Asked for with `resumeSoon`.
    open func didResume() {}
    /// All that waited has been sent.
    open func didSendAll() {}
    /// The connection is gone; called once, unless `close` was called before.
    open func didClose(_ error: SystemError) {}

    // MARK: Reading

    public final func pauseReading() { isPaused = true }

    public final func resumeReading() {
        guard isPaused else { return }
        isPaused = false
        if mayHaveBytes, isOpen { resumeSoon() }
    }

    final func continueReading() {
        isResuming = false
        guard isOpen else { return }
        if let failure { return fail(failure) }
        didResume()
        if isOpen { readAll() }
    }

    /// Calls `didResume`, and goes on reading, after this turn.
    public final func resumeSoon() {
        guard !isResuming else { return }
        isResuming = true
        reactor.resume(self)
    }

    private func readAll() {
        guard mayHaveBytes, !isPaused else { return }
        let buffer = reactor.readBuffer
        for _ in 0..<Self.readsPerTurn {
            let count = recv(file, buffer.baseAddress, buffer.count, 0)
            if count > 0 {
                if count < buffer.count, !endHasCome { mayHaveBytes = false }
                didReceive(UnsafeRawBufferPointer(start: buffer.baseAddress, count: count))
                guard isOpen else { return }
                if !mayHaveBytes || isPaused { return didReceiveAll() }
            } else if count == 0 {
                mayHaveBytes = false
                didReceiveAll()
                if isOpen { didReceiveEnd() }
                return
            } else if errno == EAGAIN {
                mayHaveBytes = false
                return didReceiveAll()
            } else if errno != EINTR {
                return fail(SystemError("recv"))
            }
        }
        didReceiveAll()
        if isOpen, !isPaused { resumeSoon() }
    }

    // MARK: Sending

    /// Bytes that the kernel has taken.
    public private(set) final var sentCount: UInt64 = 0

    private var unacknowledgedAtEnd = 0

    /// Bytes of `sentCount` that the other side's kernel has not acknowledged; in `didClose`, as the connection broke. 0
    /// where that cannot be told.
    public final var unacknowledgedCount: Int {
        guard isOpen else { return unacknowledgedAtEnd }
        var count: Int32 = 0
        return ioctl(file, UInt(TIOCOUTQ), &count) == 0 ? Int(count) : 0
    }

    /// Bytes that the kernel had no room for.
    public final var unsentCount: Int { unsent.count }

    /// Sends `bytes`, at once as far as possible.
    public final func send(_ bytes: UnsafeRawBufferPointer) {
        guard isOpen, failure == nil, bytes.count > 0 else { return }
        guard unsent.isEmpty, phase == .open else { return unsent.append(bytes) }
        var sent = 0
        while sent < bytes.count {
            let result = Glibc.send(
                file, bytes.baseAddress.unsafelyUnwrapped + sent, bytes.count - sent, Int32(MSG_NOSIGNAL))
            if result >= 0 {
                sent += result
                sentCount += UInt64(result)
            } else if errno == EAGAIN {
                return unsent.append(UnsafeRawBufferPointer(rebasing: bytes[sent...]))
            } else if errno != EINTR {
                return failSoon(SystemError("send"))
            }
        }
    }

    /// Sends several pieces as one.
    public final func send(
        _ first: UnsafeRawBufferPointer, _ second: UnsafeRawBufferPointer, _ third: UnsafeRawBufferPointer
    ) {
        guard isOpen, failure == nil else { return }
        guard unsent.isEmpty, phase == .open else {
            unsent.append(first)
            unsent.append(second)
            return unsent.append(third)
        }
        var result: Int
        repeat { result = write(first, second, third) } while result < 0 && errno == EINTR
        if result < 0 {
            guard errno == EAGAIN else { return failSoon(SystemError("send")) }
            result = 0
        }
        sentCount += UInt64(result)
        var sent = result
        for piece in [first, second, third] {
            let part = min(sent, piece.count)
            sent -= part
            unsent.append(UnsafeRawBufferPointer(rebasing: piece[part...]))
        }
    }

    private func write(
        _ first: UnsafeRawBufferPointer, _ second: UnsafeRawBufferPointer, _ third: UnsafeRawBufferPointer
    ) -> Int {
        let pieces = (Self.vector(first), Self.vector(second), Self.vector(third))
        return withUnsafeBytes(of: pieces) { pieces in
            var message = msghdr()
            message.msg_iov = UnsafeMutablePointer(
                mutating: pieces.baseAddress?.assumingMemoryBound(to: iovec.self))
            message.msg_iovlen = 3
            return sendmsg(file, &message, Int32(MSG_NOSIGNAL))
        }
    }

    private static func vector(_ bytes: UnsafeRawBufferPointer) -> iovec {
        iovec(iov_base: UnsafeMutableRawPointer(mutating: bytes.baseAddress), iov_len: bytes.count)
    }

    private func sendUnsent() {
        while !unsent.isEmpty {
            let bytes = unsent.bytes
            let result = Glibc.send(file, bytes.baseAddress, bytes.count, Int32(MSG_NOSIGNAL))
            if result >= 0 {
                unsent.removeFirst(result)
                sentCount += UInt64(result)
            } else if errno == EAGAIN {
                return
            } else if errno != EINTR {
                return fail(SystemError("send"))
            }
        }
        unsent.removeAll()
        if endsAfterUnsent { shutdown(file, Int32(SHUT_WR)) }
        didSendAll()
    }

    /// Tells the other side that nothing follows, after what waits has been sent.
    public final func sendEnd() {
        guard isOpen, !endsAfterUnsent else { return }
        endsAfterUnsent = true
        if unsent.isEmpty, phase == .open { shutdown(file, Int32(SHUT_WR)) }
    }

    // MARK: Events

    override final func ready(_ events: UInt32) {
        if phase == .connecting {
            guard events & UInt32(slipway_writable | slipway_ended) != 0 else { return }
            if let error = pendingError { return fail(error) }
            phase = .open
            didConnect()
            guard isOpen else { return }
        }
        if events & UInt32(slipway_ended) != 0 { endHasCome = true }
        if events & UInt32(slipway_writable) != 0, !unsent.isEmpty {
            sendUnsent()
            guard isOpen else { return }
        }
        if events & UInt32(slipway_readable | slipway_ended) != 0 {
            mayHaveBytes = true
            if events & UInt32(slipway_failed) != 0, isPaused, let error = pendingError { return fail(error) }
            if !isResuming { readAll() }
        }
    }

    private var pendingError: SystemError? {
        var number: Int32 = 0
        var length = socklen_t(MemoryLayout<Int32>.size)
        getsockopt(file, SOL_SOCKET, SO_ERROR, &number, &length)
        return number == 0 ? nil : SystemError("socket", number: number)
    }

    /// Whoever sends is in the middle of something: the end is told after this turn.
    private func failSoon(_ error: SystemError) {
        failure = failure ?? error
        resumeSoon()
    }

    private func fail(_ error: SystemError) {
        guard isOpen else { return }
        unacknowledgedAtEnd = unacknowledgedCount
        close()
        didClose(error)
    }

    /// Closes at once; what waits is lost. `didClose` is not called.
    open override func close() {
        unsent.removeAll()
        super.close()
    }

    /// Closes so that the other side sees an error, not an end.
    public final func reset() {
        guard isOpen else { return }
        var linger = linger(l_onoff: 1, l_linger: 0)
        setsockopt(file, SOL_SOCKET, SO_LINGER, &linger, socklen_t(MemoryLayout<linger>.size))
        close()
    }

    /// Gives the connection's file to somebody else; nil when it is closed.
    public final func detach() -> Int32? { release() }
}
