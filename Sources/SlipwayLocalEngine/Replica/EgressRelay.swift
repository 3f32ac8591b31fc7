// Lets the gateway reach a replica that has a network of its own: whoever connects to its port on this machine is
// connected to the same port inside. The replica itself can only answer.

import CSlipwayLinux
import Foundation
import NIOCore
import NIOPosix
import SlipwayTruss
import Synchronization

/// The namespaces of a running replica, kept open so that its pid may end.
private struct ReplicaNetwork: Sendable {
    var network: Int32
    /// The user namespace that owns it; -1 for the server's own.
    var user: Int32 = -1

    /// - Throws: `SpawnError`.
    init(of process: SpawnedProcess) throws(SpawnError) {
        let path = "/proc/\(process.pid)/ns"
        network = Foundation.open("\(path)/net", O_RDONLY | O_CLOEXEC)
        if network < 0 { throw SpawnError("\(path)/net", code: errno) }
        if geteuid() != 0 {
            user = Foundation.open("\(path)/user", O_RDONLY | O_CLOEXEC)
            if user < 0 {
                let code = errno
                Foundation.close(network)
                throw SpawnError("\(path)/user", code: code)
            }
        }
        guard process.isRunning else {
            close()
            throw SpawnError(description: "the replica has ended")
        }
    }

    func close() {
        Foundation.close(network)
        if user >= 0 { Foundation.close(user) }
    }
}

final class EgressRelay: Sendable {
    /// Connections at a time; more are closed at once.
    private static let most = 4096

    private let port: Int
    private let network: Mutex<ReplicaNetwork?>
    private let connections = Atomic(0)
    private let listener: Mutex<(any Channel)?> = Mutex(nil)

    private init(port: Int, network: ReplicaNetwork) {
        self.port = port
        self.network = Mutex(network)
    }

    /// The relay of a running replica; nil for one that shares this machine's network.
    /// - Throws: when its port is taken, or the replica has ended.
    static func open(for record: ReplicaRecord) async throws -> EgressRelay? {
        guard record.egress == .closed else { return nil }
        let relay = EgressRelay(port: record.port, network: try ReplicaNetwork(of: record.process))
        do {
            // The port may be shared with the server that this one takes over from.
            let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
                .serverChannelOption(.socketOption(.init(rawValue: SO_REUSEPORT)), value: 1)
                .serverChannelOption(.backlog, value: 1024)
                .childChannelOption(.allowRemoteHalfClosure, value: true)
                .childChannelInitializer { relay.connect($0) }
                .bind(host: "127.0.0.1", port: record.port).get()
            relay.listener.withLock { $0 = channel }
            return relay
        } catch {
            await relay.close()
            throw error
        }
    }

    /// The same for a replica that an earlier server started.
    static func reopen(for record: ReplicaRecord) async -> Result<EgressRelay?, any Error> {
        do { return .success(try await open(for: record)) } catch { return .failure(error) }
    }

    /// Takes no connections from here on; those there are end with the replica.
    func close() async {
        try? await listener.withLock { $0 }?.close()
        network.withLock {
            $0?.close()
            $0 = nil
        }
    }

    /// Connects a caller with the replica. Nothing is read from the caller before.
    private func connect(_ caller: any Channel) -> EventLoopFuture<Void> {
        let loop = caller.eventLoop
        guard connections.add(1, ordering: .relaxed).newValue <= Self.most else {
            connections.subtract(1, ordering: .relaxed)
            return loop.makeFailedFuture(ChannelError.inputClosed)
        }
        caller.closeFuture.whenComplete { _ in self.connections.subtract(1, ordering: .relaxed) }
        let ends = NIOLoopBound((outer: RelayEnd(), inner: RelayEnd()), eventLoop: loop)
        let connected: EventLoopFuture<any Channel>
        do {
            let file = try socketInside()
            connected = Self.wait(for: file, on: loop, until: .now() + .seconds(5)).flatMap {
                ClientBootstrap(group: loop).channelOption(.allowRemoteHalfClosure, value: true)
                    .channelInitializer { replica in
                        replica.eventLoop.makeCompletedFuture {
                            try replica.pipeline.syncOperations.addHandler(ends.value.inner)
                        }
                    }
                    .withConnectedSocket(file)
            }
        } catch {
            return loop.makeFailedFuture(error)
        }
        return connected.flatMapThrowing { replica in
            let (outer, inner) = ends.value
            (outer.partner, inner.partner) = (inner, outer)
            do {
                try caller.pipeline.syncOperations.addHandler(outer)
            } catch {
                replica.close(promise: nil)
                throw error
            }
            inner.goOn()
        }
    }

    /// A socket inside that is being connected to the replica's port.
    private func socketInside() throws -> Int32 {
        try network.withLock { network in
            guard let network else { throw ChannelError.ioOnClosedChannel }
            let file = slipway_socket_in(network.network, network.user)
            guard file >= 0 else { throw SpawnError("A socket in the replica's network", code: errno) }
            var address = sockaddr_in()
            address.sin_family = sa_family_t(AF_INET)
            address.sin_port = in_port_t(UInt16(port)).bigEndian
            address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
            let result = withUnsafePointer(to: &address) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    Foundation.connect(file, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
                }
            }
            if result != 0, errno != EINPROGRESS {
                let code = errno
                Foundation.close(file)
                throw SpawnError("Port \(port) of the replica", code: code)
            }
            return file
        }
    }

    /// Loopback connects at once or not at all, unless the replica has more callers than it accepts.
    private static func wait(
        for file: Int32, on loop: any EventLoop, until deadline: NIODeadline
    ) -> EventLoopFuture<Void> {
        var state = pollfd(fd: file, events: Int16(POLLOUT), revents: 0)
        if poll(&state, 1, 0) > 0 {
            var error: Int32 = 0
            var size = socklen_t(MemoryLayout<Int32>.size)
            getsockopt(file, SOL_SOCKET, SO_ERROR, &error, &size)
            if error == 0 { return loop.makeSucceededVoidFuture() }
            Foundation.close(file)
            return loop.makeFailedFuture(SpawnError("The replica's port", code: error))
        }
        guard NIODeadline.now() < deadline else {
            Foundation.close(file)
            return loop.makeFailedFuture(ChannelError.connectTimeout(.seconds(5)))
        }
        return loop.scheduleTask(in: .milliseconds(5)) {}.futureResult.flatMap {
            wait(for: file, on: loop, until: deadline)
        }
    }
}

/// One of two channels that are glued together: what is read here is written there, as fast as there takes it. Both
/// are bound to the same event loop.
private final class RelayEnd: ChannelDuplexHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundIn = ByteBuffer

    var partner: RelayEnd?
    private var context: ChannelHandlerContext?
    private var isReadHeldBack = false

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }

    func handlerRemoved(context: ChannelHandlerContext) {
        self.context = nil
        partner = nil
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        partner?.context?.write(data, promise: nil)
    }

    func channelReadComplete(context: ChannelHandlerContext) { partner?.context?.flush() }

    func channelInactive(context: ChannelHandlerContext) { partner?.close(.all) }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case ChannelEvent.inputClosed = event { partner?.close(.output) }
    }

    /// Once all is written that was read before: a channel that is closed, or both of whose ways are, drops the rest.
    private func close(_ mode: CloseMode) {
        guard let channel = context?.channel else { return }
        channel.writeAndFlush(ByteBuffer()).whenComplete { _ in channel.close(mode: mode, promise: nil) }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

    func read(context: ChannelHandlerContext) {
        if partner?.context?.channel.isWritable == true {
            context.read()
        } else {
            isReadHeldBack = true
        }
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        if context.channel.isWritable { partner?.goOn() }
    }

    /// Reads what was held back while the partner was full or not there.
    func goOn() {
        guard isReadHeldBack, let context else { return }
        isReadHeldBack = false
        context.read()
    }
}
