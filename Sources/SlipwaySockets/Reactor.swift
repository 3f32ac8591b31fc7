// One thread that waits for its sockets and works on those that are ready. Everything it owns is used on that
// thread only; other threads reach it through `ReactorThread`.

import CSlipwaySockets
import Glibc

public final class Reactor {
    /// Sockets looked at between two looks at the clock.
    private static let eventsPerTurn = 256
    /// Bytes read from a socket at once.
    static let readSize = 256 * 1024

    private let epoll: Int32
    private let inbox: ReactorThread
    private let events: UnsafeMutablePointer<epoll_event>
    private var slots: [Slot] = []
    private var resumed: [StreamSocket] = []
    private var isStopping = false
    var deadlines = DeadlineQueue()

    /// What a socket has received, for as long as it is looked at.
    let readBuffer = UnsafeMutableRawBufferPointer.allocate(byteCount: readSize, alignment: 64)
    /// Bytes put together for one send; empty between two events.
    public var sendBuffer = ByteQueue()
    /// Memory that `sendBuffer` keeps.
    private static let keptSendBuffer = 64 * 1024

    /// To be called when what is in `sendBuffer` has been handed over.
    public func emptySendBuffer() { sendBuffer.removeAll(keeping: Self.keptSendBuffer) }

    /// `MonotonicClock` when the work that is being done began: one look at the clock for each event.
    public private(set) var now = MonotonicClock.now

    /// Whatever the owner keeps for this reactor.
    public var attachment: AnyObject?

    private struct Slot {
        /// Tells a socket from an earlier one with the same number, of which events may still be under way.
        var generation: UInt32 = 0
        var descriptor: Descriptor?
    }

    init(epoll: Int32, inbox: ReactorThread) {
        self.epoll = epoll
        self.inbox = inbox
        events = .allocate(capacity: Self.eventsPerTurn)
    }

    deinit {
        events.deallocate()
        readBuffer.deallocate()
        Glibc.close(epoll)
    }

    /// The way to this reactor from other threads.
    public var thread: ReactorThread { inbox }

    /// Runs until `ReactorThread.stop`.
    func run() {
        inbox.runJobs(on: self)
        while !isStopping {
            let count = Int(epoll_wait(epoll, events, Int32(Self.eventsPerTurn), patience))
            for index in 0..<max(0, count) { dispatch(events[index]) }
            now = MonotonicClock.now
            while let action = deadlines.popDue(now) { action() }
            let resumed = resumed
            self.resumed.removeAll(keepingCapacity: true)
            for socket in resumed { socket.continueReading() }
        }
        for slot in slots { slot.descriptor?.close() }
        attachment = nil
    }

    func stop() { isStopping = true }

    /// Milliseconds to wait for events.
    private var patience: Int32 {
        guard resumed.isEmpty else { return 0 }
        guard let next = deadlines.next else { return -1 }
        let now = MonotonicClock.now
        return next <= now ? 0 : Int32(min((next - now) / 1_000_000 + 1, 3_600_000))
    }

    private func dispatch(_ event: epoll_event) {
        now = MonotonicClock.now
        let tag = event.data.u64
        guard tag != ReactorThread.tag else { return inbox.runJobs(on: self) }
        let slot = slots[Int(tag & 0xffff_ffff)]
        guard slot.generation == UInt32(tag >> 32), let descriptor = slot.descriptor else { return }
        descriptor.ready(event.events)
    }

    /// Has `socket` look for bytes again after this turn's events.
    func resume(_ socket: StreamSocket) { resumed.append(socket) }

    // MARK: Descriptors

    enum Interest {
        /// Every change, once.
        case changes
        /// Readable, as long as it is, by one of the reactors that ask for the same file.
        case sharedReadable
    }

    /// Throws when the system has no room for another file.
    func register(_ descriptor: Descriptor, _ interest: Interest) throws {
        let file = Int(descriptor.file)
        while slots.count <= file { slots.append(Slot()) }
        slots[file].generation &+= 1
        slots[file].descriptor = descriptor
        let tag = UInt64(slots[file].generation) << 32 | UInt64(file)
        let result =
            switch interest {
            case .changes: slipway_epoll_add_edges(epoll, descriptor.file, tag)
            case .sharedReadable: slipway_epoll_add_shared(epoll, descriptor.file, tag)
            }
        guard result == 0 else {
            let error = SystemError("epoll_ctl")
            slots[file].descriptor = nil
            throw error
        }
    }

    func forget(_ descriptor: Descriptor) {
        let file = Int(descriptor.file)
        guard slots.indices.contains(file), slots[file].descriptor === descriptor else { return }
        slots[file].descriptor = nil
        slots[file].generation &+= 1
    }
}

/// A file of which a reactor reports events; used on its thread only.
open class Descriptor {
    /// -1 once it is closed.
    public private(set) final var file: Int32
    public final unowned(unsafe) let reactor: Reactor

    /// Takes ownership of `file`.
    init(file: Int32, reactor: Reactor) {
        self.file = file
        self.reactor = reactor
    }

    deinit { if file >= 0 { Glibc.close(file) } }

    public final var isOpen: Bool { file >= 0 }

    /// - Parameter events: bits of epoll.
    func ready(_ events: UInt32) {}

    open func close() {
        guard file >= 0 else { return }
        reactor.forget(self)
        Glibc.close(file)
        file = -1
    }

    /// Gives the file to somebody else; nil when it is closed.
    final func release() -> Int32? {
        guard file >= 0 else { return nil }
        reactor.forget(self)
        reactor.unwatch(file)
        defer { file = -1 }
        return file
    }
}

extension Reactor {
    func unwatch(_ file: Int32) { _ = slipway_epoll_remove(epoll, file) }
}
