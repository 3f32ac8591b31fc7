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
    private let threads = Mutex<[ReactorThread]>([])
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

    /// Binds the listeners and starts the event loops; call once. Throws `SystemError` when an address cannot be
    /// bound.
    public func start() async throws -> BoundAddresses {
        let configuration = plane.configuration
        let count = max(1, configuration.eventLoops)
        let main = try BoundSocket.group(
            .internet(address: configuration.host, port: configuration.port), count: count)
        var inference: [BoundSocket] = []
        do {
            if let port = configuration.inferencePort {
                inference = try BoundSocket.group(
                    .internet(address: configuration.host, port: port), count: count)
            }
        } catch {
            for socket in main { socket.close() }
            throw error
        }
        for index in 0..<count {
            let thread = try ReactorThread.start(name: "gateway-\(index)")
            threads.withLock { $0.append(thread) }
            let (first, second) = (main[index], inference.isEmpty ? nil : inference[index])
            let failure = await thread.run { [plane] reactor in
                Self.setUp(reactor, plane: plane, main: first, inference: second)
            }
            if let failure = failure ?? nil { throw failure }
        }
        return BoundAddresses(main: main[0].endpoint, inference: inference.first?.endpoint)
    }

    private static func setUp(
        _ reactor: Reactor, plane: DataPlane, main: BoundSocket, inference: BoundSocket?
    ) -> (any Error)? {
        let loop = LoopServices(plane: plane, reactor: reactor)
        reactor.attachment = loop
        do {
            try loop.listen(main, kind: .main)
            if let inference { try loop.listen(inference, kind: .inference) }
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

    /// Stops accepting, lets requests in flight finish for up to `grace`, then closes what is left.
    public func shutdown(grace: Duration) async {
        let threads = threads.withLock { threads in
            defer { threads = [] }
            return threads
        }
        plane.beginDraining()
        for thread in threads { _ = await thread.run { Self.loop(of: $0)?.quiesce() } }
        let clock = ContinuousClock()
        let deadline = clock.now + grace
        while plane.openConnections.load(ordering: .relaxed) > 0, clock.now < deadline {
            do { try await Task.sleep(for: .milliseconds(20)) } catch { break }
        }
        for thread in threads {
            _ = await thread.run { Self.loop(of: $0)?.close() }
            thread.stop()
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

    public func load() -> [DeploymentID: DeploymentLoad] { plane.ledger.deployments }

    public func takeTraffic() -> [DeploymentID: Traffic] { plane.ledger.takeTraffic() }

    public func inFlight(replica: ReplicaID) -> Int { plane.replicas.inFlight(replica) }
}
