// Accepts connections. Several reactors share one socket, each by a file of its own. Sockets that share an address
// (SO_REUSEPORT) would spread connections better, but any process of the same user could add one of its own to them and
// get clients' keys.

import CSlipwaySockets
import Glibc
import SlipwayCore

/// A bound and listening socket that no reactor has yet.
public struct BoundSocket: Sendable {
    let file: Int32
    public let endpoint: Endpoint

    /// Connections the kernel keeps until they are accepted.
    private static let backlog: Int32 = 4096

    /// Binds and listens; port 0 takes any free port.
    ///
    /// - Throws: `SystemError`, EADDRINUSE if anything listens there.
    public init(_ endpoint: Endpoint) throws {
        let file = socket(endpoint.family, Int32(SOCK_STREAM.rawValue) | Self.flags, 0)
        guard file >= 0 else { throw SystemError("socket") }
        do {
            Self.set(SO_REUSEADDR, of: file)
            if Wall.sharedPorts.isRemoved { Self.set(SO_REUSEPORT, of: file) }
            try endpoint.withSocketAddress { address, length in
                guard bind(file, address, length) == 0 else { throw SystemError("bind") }
            }
            guard listen(file, Self.backlog) == 0 else { throw SystemError("listen") }
            self.file = file
            self.endpoint = try Self.name(of: file) ?? endpoint
        } catch {
            Glibc.close(file)
            throw error
        }
    }

    /// Takes a listening socket that another process has made.
    /// - Throws: `SystemError` when it is none.
    public init(listening file: Int32) throws {
        guard let endpoint = try Self.name(of: file) else { throw SystemError("getsockname", number: EINVAL) }
        self.init(file: file, endpoint: endpoint)
    }

    private init(file: Int32, endpoint: Endpoint) {
        self.file = file
        self.endpoint = endpoint
    }

    private static let flags = Int32(SOCK_NONBLOCK.rawValue) | Int32(SOCK_CLOEXEC.rawValue)

    private static func set(_ option: Int32, of file: Int32) {
        var one: Int32 = 1
        setsockopt(file, SOL_SOCKET, option, &one, socklen_t(MemoryLayout<Int32>.size))
    }

    private static func name(of file: Int32) throws -> Endpoint? {
        var storage = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        let result = withUnsafeMutablePointer(to: &storage) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(file, $0, &length) }
        }
        guard result == 0 else { throw SystemError("getsockname") }
        return Endpoint(storage)
    }

    public func close() { Glibc.close(file) }

    /// The socket's file, which is the caller's from now on.
    public func release() -> Int32 { file }

    /// The same socket by a file of its own: it listens until both are closed.
    /// - Throws: `SystemError` when the process has no file left.
    public func copy() throws -> BoundSocket {
        let copy = fcntl(file, F_DUPFD_CLOEXEC, 0)
        guard copy >= 0 else { throw SystemError("dup") }
        return BoundSocket(file: copy, endpoint: endpoint)
    }

    /// Closes a connection that nobody serves.
    public static func discard(_ file: Int32) { Glibc.close(file) }
}

public final class ListeningSocket: Descriptor {
    private static let perTurn = 64
    /// Without a file number to spare, connections wait in the kernel for so long.
    private static let pause: UInt64 = 100_000_000

    private let accepted: (_ file: Int32, _ peer: Endpoint?) -> Void
    private var pauseEnd: Deadline?
    private var isWatched = false

    /// - Parameter accepted: gets every connection's file, which is then the callee's, and who connected.
    public init(
        _ socket: BoundSocket, on reactor: Reactor,
        accepted: @escaping (_ file: Int32, _ peer: Endpoint?) -> Void
    ) throws {
        self.accepted = accepted
        super.init(file: socket.file, reactor: reactor)
        pauseEnd = Deadline(on: reactor) { [weak self] in self?.watch() }
        try reactor.register(self, .sharedReadable)
        isWatched = true
    }

    override func ready(_ events: UInt32) {
        for _ in 0..<Self.perTurn {
            var address = sockaddr_storage()
            let connection = slipway_accept(file, &address)
            if connection >= 0 {
                let isLast = FileReserve.isTouched(by: connection)
                accepted(connection, Endpoint(address))
                if isLast { return rest() }
                continue
            }
            switch errno {
            case EAGAIN: return
            case EMFILE, ENFILE, ENOBUFS, ENOMEM:
                return rest()
            default: continue
            }
        }
    }

    /// Asked at once again, the kernel would say the same: the processor is better used by what is open.
    private func rest() {
        guard isOpen, isWatched else { return }
        reactor.unwatchLevel(self)
        isWatched = false
        pauseEnd?.set(MonotonicClock.now + Self.pause)
    }

    private func watch() {
        guard isOpen, !isWatched else { return }
        do {
            guard !FileReserve.isTouched(besides: file) else { throw SystemError("accept", number: EMFILE) }
            try reactor.register(self, .sharedReadable)
            isWatched = true
        } catch {
            pauseEnd?.set(MonotonicClock.now + Self.pause)
        }
    }

    public override func close() {
        pauseEnd?.clear()
        // The socket may go on by another file, and would be reported for ever.
        if isOpen, isWatched { reactor.unwatch(file) }
        isWatched = false
        super.close()
    }
}

extension Reactor {
    /// Takes a listening socket out of the wait without closing it.
    func unwatchLevel(_ listener: ListeningSocket) {
        unwatch(listener.file)
        forget(listener)
    }
}
