// The front door and data plane: the composition root starts one, the controller publishes tables to it.

import Logging
import SlipwayCore
import SlipwaySockets
import Synchronization

/// The addresses a started gateway listens on.
public struct BoundAddresses: Sendable, Equatable {
    public var main: Endpoint
    public var inference: Endpoint?
}

public final class Gateway: GatewayControl, Sendable {
    private let plane: DataPlane
    /// Not private for a test that holds a loop up.
    let threads = Mutex<[ReactorThread]>([])
    /// Files of their own of the listening sockets, for a gateway that comes after this one.
    private let sockets = Mutex<[InheritedSocket]>([])
    /// Listening sockets that come and go while it runs, by their numbers.
    private let attached = Mutex<[Int: InheritedSocket]>([:])
    private let retired = RetiredTables()

    private let adopted = Atomic<Int>(0)

    /// - Parameters:
    ///   - http2: takes connections whose clients speak HTTP/2; without one, they get 505.
    ///   - now: the clock of the load's `lastActivity` and of log lines.
    public init(
        configuration: GatewayConfiguration, observer: any DemandObserver, http2: HTTP2TakeOver? = nil,
        logger: Logger, now: @escaping @Sendable () -> Timestamp
    ) {
        plane = DataPlane(
            configuration: configuration, observer: observer, http2: http2, logger: logger, now: now)
    }

    /// Binds the listeners, so that connections wait in them for `serve`; call once. Throws `SystemError` when an
    /// address cannot be bound.
    ///
    /// - Parameter inherited: listening sockets of a gateway before this one. Those of the configured addresses are
    ///   used, others closed.
    public func bind(inheriting inherited: [InheritedSocket] = []) throws -> BoundAddresses {
        let sockets = try ListeningSockets(plane.configuration, inheriting: inherited)
        self.sockets.withLock { $0 = sockets.all }
        return sockets.addresses
    }

    /// Binds the listeners and starts the event loops; call once. Throws `SystemError` when an address cannot be
    /// bound.
    public func start() async throws -> BoundAddresses {
        let addresses = try bind()
        try await serve()
        return addresses
    }

    /// Starts the event loops, which accept what waits in the bound listeners; call once. Throws `SystemError` when the
    /// process has no file or thread left.
    public func serve() async throws {
        InferenceOperation.requireRows()
        let sockets = sockets.withLock { $0 }
        var peers: [LoopPeer] = []
        for index in 0..<max(1, plane.configuration.eventLoops) {
            peers.append(LoopPeer(thread: try ReactorThread.start(name: "gateway-\(index)")))
        }
        threads.withLock { [peers] in $0 = peers.map(\.thread) }
        // All loops are there before the first connection comes: it may be another's.
        for peer in peers {
            _ = await peer.thread.run { [plane, peers] reactor in
                reactor.attachment = LoopServices(plane: plane, reactor: reactor, peer: peer, peers: peers)
            }
        }
        for peer in peers {
            let failure = await peer.thread.run { Self.listen(sockets, on: $0) }
            if let failure = failure ?? nil { throw failure }
        }
        for number in attached.withLock({ Array($0.keys) }) { listen(toAttached: number) }
    }

    /// Accepts connections for inference on one more listening socket, which is the gateway's from now on and passes to
    /// no other process; before `serve` they wait.
    /// - Returns: a number for `detach`.
    public func attach(_ socket: BoundSocket) -> Int {
        let number = adopted.wrappingAdd(1, ordering: .relaxed).oldValue
        attached.withLock { $0[number] = InheritedSocket(kind: .inference, socket: socket) }
        listen(toAttached: number)
        return number
    }

    /// Accepts no more on an attached socket and closes it.
    public func detach(_ number: Int) {
        attached.withLock { $0.removeValue(forKey: number) }?.socket.close()
        for thread in threads.withLock({ $0 }) { thread.submit { Self.loop(of: $0)?.stopListening(number) } }
    }

    /// One loop accepts; connections go to all.
    private func listen(toAttached number: Int) {
        let threads = threads.withLock { $0 }
        guard !threads.isEmpty else { return }
        threads[Int(UInt(bitPattern: number) % UInt(threads.count))].submit { [self] reactor in
            // A file of its own, and none when it has been detached meanwhile.
            guard let copy = attached.withLock({ try? $0[number]?.socket.copy() }) else { return }
            do {
                try Self.loop(of: reactor)?.listen(copy, kind: .inference, number: number)
            } catch {
                plane.logger.error("a listener cannot be watched", metadata: ["error": "\(error)"])
            }
        }
    }

    /// Every loop watches every socket, by a file of its own.
    private static func listen(_ sockets: [InheritedSocket], on reactor: Reactor) -> (any Error)? {
        do {
            for one in sockets { try loop(of: reactor)?.listen(one.socket.copy(), kind: one.kind) }
            return nil
        } catch {
            return error
        }
    }

    /// Serves HTTP/1.1 on a connection that was made elsewhere; `file` is the gateway's from now on.
    public func adopt(_ file: Int32, kind: ListenerKind, origin: ConnectionOrigin) {
        let threads = threads.withLock { $0 }
        guard !threads.isEmpty else { return BoundSocket.discard(file) }
        let next = adopted.wrappingAdd(1, ordering: .relaxed).oldValue
        threads[Int(UInt(bitPattern: next) % UInt(threads.count))].submit { reactor in
            guard let loop = Self.loop(of: reactor) else { return BoundSocket.discard(file) }
            loop.adopt(file, kind: kind, origin: origin)
        }
    }

    /// Stops accepting and gives the listening sockets to another process; connections that wait in them stay. Open
    /// connections are served on, each up to its next answer, as long as tables are published; what they ask of the
    /// management server goes to `successor`.
    public func leave(for successor: Endpoint) async -> [InheritedSocket] {
        plane.beginLeaving(for: successor)
        await stopListening()
        for thread in threads.withLock({ $0 }) { _ = await thread.run { Self.loop(of: $0)?.leave() } }
        return sockets.withLock { sockets in
            defer { sockets = [] }
            return sockets
        }
    }

    /// Client connections that are open.
    public var openConnections: Int { plane.openConnections.load(ordering: .relaxed) }

    /// Requests by replica, of those that have any.
    public var busyReplicas: [ReplicaID: Int] { plane.replicas.busy }

    /// Stops accepting, lets requests in flight finish for up to `grace`, then closes what is left.
    public func shutdown(grace: Duration) async {
        plane.beginDraining()
        await stopListening()
        // Before the first client is told by a closed connection: until then the kernel takes new ones, which nobody serves.
        sockets.withLock { sockets in
            for one in sockets { one.socket.close() }
            sockets = []
        }
        for thread in threads.withLock({ $0 }) { _ = await thread.run { Self.loop(of: $0)?.quiesce() } }
        let clock = ContinuousClock()
        let deadline = clock.now + grace
        while openConnections > 0, clock.now < deadline {
            do { try await Task.sleep(for: .milliseconds(20)) } catch { break }
        }
        let threads = threads.withLock { threads in
            defer { threads = [] }
            return threads
        }
        for thread in threads {
            _ = await thread.run { Self.loop(of: $0)?.close() }
            thread.stop()
        }
    }

    /// On all loops before anything else ends on one of them: a loop may still pass a connection to another.
    private func stopListening() async {
        for thread in threads.withLock({ $0 }) { _ = await thread.run { Self.loop(of: $0)?.stopListening() } }
        attached.withLock { attached in
            for one in attached.values { one.socket.close() }
            attached = [:]
        }
    }

    private static func loop(of reactor: Reactor) -> LoopServices? { reactor.attachment as? LoopServices }

    /// The longest time any event loop has needed to take over the newest table, in nanoseconds; 0 once it has
    /// been asked. For benchmarks.
    public func longestRefresh() async -> UInt64 {
        var longest: UInt64 = 0
        for thread in threads.withLock({ $0 }) {
            longest = max(longest, await thread.run { Self.loop(of: $0)?.takeLongestRefresh() ?? 0 } ?? 0)
        }
        return longest
    }

    // MARK: GatewayControl

    public func publish(_ table: RoutingTable) {
        let old = plane.publish(table)
        let threads = threads.withLock { $0 }
        let users = RetiredTables.Users(threads.count)
        retired.retire(old, users: users)
        for thread in threads {
            thread.submit { reactor in
                Self.loop(of: reactor)?.refresh()
                users.leave()
            }
        }
    }

    public func load(of deployments: Set<DeploymentID>) -> [DeploymentID: DeploymentLoad] {
        plane.ledger.loads(of: deployments)
    }

    /// Of all deployments that were ever called.
    public func load() -> [DeploymentID: DeploymentLoad] { plane.ledger.loads(of: nil) }

    public var waiting: Set<DeploymentID> { plane.parking.deployments }

    public func takeTraffic() -> [DeploymentID: Traffic] { plane.ledger.takeTraffic() }

    public func inFlight(replica: ReplicaID) -> Int { plane.replicas.inFlight(replica) }
}
