// The data plane of one server: routes by the last published table, holds what has no replica, counts what it does.

import SlipwayCore
import SlipwayGateway

/// How a prediction ended for its caller.
enum CallOutcome: Equatable {
    case answered
    /// The platform said no, with this status.
    case refused(Int, String, by: DeploymentID?)
    /// The replica ended while it had the request.
    case lost(DeploymentID)
    case serverDied
}

final class SimulatedGateway: GatewayControl, @unchecked Sendable {
    private static let longestHold: Duration = .seconds(300)
    /// In flight with every call, where tokens are counted.
    static let tokensPerCall = 1000

    private let world: World
    private let inbox: any DemandObserver
    private(set) var table = RoutingTable()
    private var isDead = false
    private var counts: [DeploymentID: DeploymentLoad] = [:]
    private var countedAt: [DeploymentID: Int64] = [:]
    private var busy: [ReplicaID: Int] = [:]
    private var held: [Int: UnsafeContinuation<Void, Never>] = [:]
    private var holding: [DeploymentID: Int] = [:]
    private var nextHeld = 0

    init(world: World, inbox: any DemandObserver) {
        self.world = world
        self.inbox = inbox
    }

    func die() {
        isDead = true
        releaseHeld()
    }

    // MARK: GatewayControl

    func publish(_ table: RoutingTable) {
        if isDead { return }
        world.routing.published(table, after: self.table)
        self.table = table
        releaseHeld()
    }

    func load(of deployments: Set<DeploymentID>) -> [DeploymentID: DeploymentLoad] {
        let known = counts.keys.filter(deployments.contains)
        for id in known { settle(id) }
        return counts.filter { known.contains($0.key) }
    }

    func takeTraffic() -> [DeploymentID: Traffic] { [:] }

    /// Deployments for which requests are held.
    var waiting: Set<DeploymentID> { Set(holding.keys) }

    func inFlight(replica: ReplicaID) -> Int { busy[replica] ?? 0 }

    // MARK: Calls

    /// One prediction through an environment.
    func call(_ model: ModelID, _ environment: String) async -> CallOutcome {
        var counted: DeploymentID?
        defer { if let counted { count(counted, -1) } }
        var waited: Int64 = 0
        var attempts = 0
        while true {
            if isDead { return .serverDied }
            guard let routes = table.models[model], let current = routes.environments[environment] else {
                return .refused(404, "no such model or environment", by: nil)
            }
            guard var id = current else { return .refused(404, "the environment has no deployment", by: nil) }
            if let split = routes.splits[environment],
                world.loadDice.number(1...100, "call/share") <= split.percent
            {
                id = split.candidate
            }
            guard let route = table.deployments[id] else {
                return .refused(404, "\(id) has no route", by: id)
            }
            if case .refused(let error) = route.availability {
                return .refused(error.status, error.message, by: id)
            }
            if counted != id {
                if let counted { count(counted, -1) }
                counted = id
                count(id, 1)
            }
            let free = route.replicas.filter { (busy[$0.replicaID] ?? 0) < route.concurrencyLimit ?? 1000 }
            guard let choice = free.min(by: { (busy[$0.replicaID] ?? 0) < (busy[$1.replicaID] ?? 0) }) else {
                if route.replicas.isEmpty { inbox.demand(for: id) }
                let began = world.scheduler.elapsed
                await hold(id)
                waited += world.scheduler.elapsed - began
                if waited > Self.longestHold.microseconds { return .refused(500, "held too long", by: id) }
                continue
            }
            switch await ask(choice, of: id) {
            case nil:
                attempts += 1
                if attempts > 5 { return .refused(502, "no replica takes a connection", by: id) }
                try? await world.scheduler.sleep(.milliseconds(200))
            case let outcome?: return isDead ? .serverDied : outcome
            }
        }
    }

    /// Nil when the connection was refused.
    private func ask(_ replica: ReplicaRoute, of id: DeploymentID) async -> CallOutcome? {
        guard let process = world.machine.processes[replica.replicaID], process.answers else {
            inbox.connectionFailed(replica: replica.replicaID, of: id)
            return nil
        }
        busy[replica.replicaID, default: 0] += 1
        defer {
            busy[replica.replicaID] = (busy[replica.replicaID] ?? 1) - 1
            if busy[replica.replicaID] == 0 { busy[replica.replicaID] = nil }
            releaseHeld()
        }
        try? await world.scheduler.sleep(world.loadDice.span(.milliseconds(5), .seconds(8), "call/takes"))
        let after = world.machine.processes[replica.replicaID]
        return after.map { !$0.hasExited } ?? false ? .answered : .lost(id)
    }

    private func hold(_ id: DeploymentID) async {
        counts[id, default: DeploymentLoad()].parked += 1
        defer { counts[id]?.parked -= 1 }
        nextHeld += 1
        let number = nextHeld
        holding[id, default: 0] += 1
        defer { holding[id] = holding[id].flatMap { $0 > 1 ? $0 - 1 : nil } }
        world.scheduler.after(.seconds(5)) { [self] in held.removeValue(forKey: number)?.resume() }
        await withUnsafeContinuation { held[number] = $0 }
    }

    private func releaseHeld() {
        let waiting = held.sorted { $0.key < $1.key }
        held = [:]
        for (_, continuation) in waiting { continuation.resume() }
    }

    // MARK: Counts

    private func count(_ id: DeploymentID, _ change: Int) {
        settle(id)
        counts[id, default: DeploymentLoad()].inFlight += change
        let inFlight = counts[id]?.inFlight ?? 0
        counts[id]?.tokens =
            table.deployments[id]?.targetInFlightTokens == nil ? 0 : inFlight * Self.tokensPerCall
        counts[id]?.lastActivity = world.now
        if change < 0 { counts[id]?.answered += 1 }
    }

    /// Adds up request-seconds until now.
    private func settle(_ id: DeploymentID) {
        let now = world.scheduler.elapsed
        let passed = Double(now - (countedAt[id] ?? now)) / 1e6
        countedAt[id] = now
        let (inFlight, tokens) = (counts[id]?.inFlight ?? 0, counts[id]?.tokens ?? 0)
        counts[id]?.requestSeconds += passed * Double(inFlight)
        counts[id]?.tokenSeconds += passed * Double(tokens)
    }
}
