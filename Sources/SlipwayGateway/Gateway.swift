// The front door and data plane: the composition root starts one, the controller publishes tables to it.

import Logging
import NIOCore
import NIOPosix
import SlipwayCore
import Synchronization

/// The addresses a started gateway listens on.
public struct BoundAddresses: Sendable, Equatable {
    public var main: SocketAddress
    public var inference: SocketAddress?
}

public final class Gateway: GatewayControl, Sendable {
    private struct Running {
        var listeners: [any Channel]
        var services: [NIOLoopBound<LoopServices>]
    }

    private let plane: DataPlane
    private let group: any EventLoopGroup
    private let connections = OpenConnections()
    private let running = Mutex<Running?>(nil)

    /// - Parameters:
    ///   - group: runs all connections; not shut down by the gateway.
    ///   - now: the clock of the load's `lastActivity` and of log lines.
    public init(
        configuration: GatewayConfiguration, observer: any DemandObserver, group: any EventLoopGroup,
        logger: Logger, now: @escaping @Sendable () -> Timestamp
    ) {
        plane = DataPlane(configuration: configuration, observer: observer, logger: logger, now: now)
        self.group = group
    }

    /// Binds the listeners; call once. Throws the system's error when an address cannot be bound.
    public func start() async throws -> BoundAddresses {
        var services: [ObjectIdentifier: NIOLoopBound<LoopServices>] = [:]
        for eventLoop in group.makeIterator() {
            services[ObjectIdentifier(eventLoop)] = try await eventLoop.submit { [plane] in
                NIOLoopBound(LoopServices(plane: plane, eventLoop: eventLoop), eventLoop: eventLoop)
            }.get()
        }
        let configuration = plane.configuration
        let listener = Listener(
            group: group, services: services, connections: connections, configuration: configuration)
        let main = try await listener.open(port: configuration.port, kind: .main)
        var listeners = [main]
        do {
            if let port = configuration.inferencePort {
                listeners.append(try await listener.open(port: port, kind: .inference))
            }
        } catch {
            try? await main.close()
            throw error
        }
        running.withLock { $0 = Running(listeners: listeners, services: Array(services.values)) }
        guard let address = main.localAddress else { throw ChannelError.unknownLocalAddress }
        return BoundAddresses(main: address, inference: listeners.dropFirst().first?.localAddress)
    }

    /// Stops accepting, lets requests in flight finish for up to `grace`, then closes what is left.
    public func shutdown(grace: Duration) async {
        guard
            let stopping = running.withLock({ running in
                let stopping = running
                running = nil
                return stopping
            })
        else { return }
        plane.beginDraining()
        for listener in stopping.listeners { try? await listener.close() }
        for connection in connections.all {
            // The pipelining handler closes at once when idle, else after the current answer.
            connection.pipeline.fireUserInboundEventTriggered(ChannelShouldQuiesceEvent())
        }
        let clock = ContinuousClock()
        let deadline = clock.now + grace
        while !connections.all.isEmpty, clock.now < deadline {
            do { try await Task.sleep(for: .milliseconds(20)) } catch { break }
        }
        for connection in connections.all { try? await connection.close() }
        for services in stopping.services {
            services.eventLoop.execute { services.value.pool.close() }
        }
    }

    // MARK: GatewayControl

    public func publish(_ table: RoutingTable) {
        plane.table.replace(with: table)
        plane.parking.callOut(with: table)
        plane.ledger.prune { table.deployments[$0] != nil }
    }

    public func load() -> [DeploymentID: DeploymentLoad] { plane.ledger.deployments }

    public var traffic: TrafficLedger { plane.traffic }

    public func inFlight(replica: ReplicaID) -> Int { plane.ledger.inFlight(replica) }
}
