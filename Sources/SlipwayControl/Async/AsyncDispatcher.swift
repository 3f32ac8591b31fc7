// Takes asynchronous predictions from the store to replicas and their results to webhooks. The store is the queue:
// nothing here is needed to go on after a restart. What was under way then is attempted again, so a prediction is
// made at least once.

import Foundation
import Logging
import NIOCore
import SlipwayCore
import SlipwayGateway
import SlipwayLogs
import SlipwayStore

actor AsyncDispatcher {
    /// How often the clock is looked at while there is work.
    static let tick: Duration = .milliseconds(250)
    /// Predictions under way at once, and deliveries; `FairShare` says how deployments share them.
    static let mostAtOnce = 256
    /// Results are forgotten about this often.
    static let forgetEvery: Duration = .seconds(60)
    /// Before a write that failed is tried again.
    static let pauseAfterFailure: Duration = .seconds(1)

    let store: Store
    let gateway: any GatewayControl
    let inbox: DemandInbox
    let board: ReplicaBoard
    let measurements: Measurements
    let logs: LogStore
    let dependencies: ControlDependencies
    let logger: Logger
    let http: any OutgoingCalls

    /// Predictions under way.
    private var running: [DeploymentID: Int] = [:]
    /// Deliveries under way: request ids.
    private var delivering: [DeploymentID: Set<String>] = [:]
    private var hasWork = true
    private var forgottenAt: Timestamp?

    init(
        store: Store, gateway: any GatewayControl, inbox: DemandInbox, board: ReplicaBoard,
        measurements: Measurements, logs: LogStore, http: any OutgoingCalls,
        dependencies: ControlDependencies,
        logger: Logger
    ) {
        self.store = store
        self.gateway = gateway
        self.inbox = inbox
        self.board = board
        self.measurements = measurements
        self.logs = logs
        self.http = http
        self.dependencies = dependencies
        self.logger = logger
    }

    /// Works until the task is cancelled; what is under way then is left to the next start.
    func run() async {
        await recover()
        await withDiscardingTaskGroup { group in
            group.addTask {
                while !Task.isCancelled {
                    try? await self.dependencies.sleep(Self.tick)
                    if await self.hasWork { self.board.ring() }
                }
            }
            for await _ in board.rings {
                if Task.isCancelled { break }
                await pass(&group)
            }
            group.cancelAll()
        }
    }

    private func recover() async {
        let now = dependencies.now()
        await store("the asynchronous requests of the last run") { db in
            for var request in try db.asyncRequests(.inProgress) where request.dueAt == nil {
                request.recover(at: now)
                try db.update(request)
            }
        }
    }

    private func pass(_ group: inout DiscardingTaskGroup) async {
        do {
            let now = dependencies.now()
            try await forget(now)
            try await expire(now)
            let deployments = try await store.read { try $0.deploymentsWithAsyncWork() }
            let working = Set(deployments).union(running.keys).count
            for deployment in deployments { try await dispatch(deployment, among: working, now, &group) }
            try await startDeliveries(now, &group)
            hasWork = try await store.read { try $0.hasAsyncWork() }
        } catch {
            // Everything is still in the store; the next tick tries again.
            logger.error("asynchronous work failed", metadata: ["error": "\(error)"])
        }
    }

    private func forget(_ now: Timestamp) async throws {
        if let forgottenAt, now - forgottenAt < Self.forgetEvery { return }
        forgottenAt = now
        let moment = now + (.zero - dependencies.asyncRetention)
        try await store.write { try $0.forgetAsyncRequests(endedBefore: moment) }
    }

    private func expire(_ now: Timestamp) async throws {
        let expired = try await store.read { try $0.expiredAsyncRequests(at: now, limit: 1000) }
        guard !expired.isEmpty else { return }
        try await store.write { db in
            for id in expired.map(\.id) {
                guard var request = try db.asyncRequest(id) else { continue }
                request.expire(at: now)
                try db.update(request)
            }
        }
    }

    // MARK: Predictions

    private func dispatch(
        _ deployment: DeploymentID, among working: Int, _ now: Timestamp, _ group: inout DiscardingTaskGroup
    ) async throws {
        var slots = freeSlots(of: deployment)
        if slots.isEmpty {
            if board.readyReplicas(of: deployment) == 0 { try await wakeOrMove(deployment, now) }
            return
        }
        var random = Randomness()
        slots.shuffle(using: &random)
        let limit = min(slots.count, FairShare.room(for: deployment, of: running, among: working))
        guard limit > 0 else { return }
        let begun = try await store.write { db in
            try db.dueAttempts(of: deployment, at: now, limit: limit).map { request in
                var request = request
                request.begin(at: now)
                if !PlantedBug.isPlanted(.repeatsPredictions) { try db.update(request) }
                return request
            }
        }
        for (request, replica) in zip(begun, slots) {
            if request.attempts == 1 {
                measurements.note(deployment) { $0.time(.asyncQueueTime, now - request.createdAt) }
            }
            running[deployment, default: 0] += 1
            board.began(replica.id, of: deployment)
            group.addTask { await self.predict(request, on: replica) }
        }
    }

    /// One entry per prediction that a ready replica could make now beside what it has; synchronous requests are
    /// counted first.
    private func freeSlots(of deployment: DeploymentID) -> [ReadyReplica] {
        board.replicas(of: deployment).flatMap { replica in
            let busy = gateway.inFlight(replica: replica.id) + board.inFlight(replica.id)
            // A config may claim room for a million requests: no more slots are made than can be used.
            return Array(
                repeating: replica, count: min(max(0, replica.concurrency - busy), Self.mostAtOnce))
        }
    }

    private func predict(_ request: AsyncRequest, on replica: ReadyReplica) async {
        let began = ContinuousClock.now
        let attempt = await attempt(request, on: replica)
        let (outcome, output) = (attempt.outcome, attempt.output)
        let now = dependencies.now()
        board.ended(replica.id, of: request.deploymentID, at: now)
        running[request.deploymentID] = running[request.deploymentID].flatMap { $0 > 1 ? $0 - 1 : nil }
        defer { board.ring() }
        // A cancelled task is a server that ends: the attempt counts as not made.
        if Task.isCancelled, output == nil { return }
        measure(request, attempt, took: .now - began)
        if case .failed(let error, _) = outcome {
            log(
                request, "attempt \(request.attempts) failed: \(error.code.rawValue) \(error.message)",
                replica.id)
        }
        await store("the end of asynchronous request \(request.id)") { db in
            guard var current = try db.asyncRequest(request.id), current.status == .inProgress else {
                return
            }
            current.end(outcome, at: now)
            try db.update(current)
            if let output { try db.setAsyncOutput(request.id, output.body, type: output.type) }
        }
    }

    /// Writes what is known nowhere else; tries until it is stored or the server ends.
    private func store(_ what: String, _ body: @escaping @Sendable (StoreWriter) throws -> Void) async {
        while true {
            do {
                return try await store.write(body)
            } catch {
                logger.error("cannot store \(what)", metadata: ["error": "\(error)"])
            }
            do { try await dependencies.sleep(Self.pauseAfterFailure) } catch { return }
        }
    }

    /// Wakes the deployment, or gives its requests to where they can be served.
    private func wakeOrMove(_ id: DeploymentID, _ now: Timestamp) async throws {
        let isServed = try await store.read { try $0.deployment(id) }.map { $0.status.canServe } ?? false
        if isServed { return inbox.demand(for: id) }
        let hasChanged = try await store.write { db in
            let due = try db.dueAttempts(of: id, at: now, limit: 1000)
            for var request in due {
                let current = try request.environment.flatMap {
                    try db.environment($0, of: request.modelID)?.currentDeploymentID
                }
                if let current, current != id {
                    request.deploymentID = current
                } else {
                    let status = try db.deployment(id)?.status.rawValue ?? "deleted"
                    request.fail(
                        AsyncError(
                            code: .unavailable, message: "Deployment \(id) is \(status)."), at: now)
                }
                try db.update(request)
            }
            return !due.isEmpty
        }
        // What is not due yet is looked at again by the tick.
        if hasChanged { board.ring() }
    }

    // MARK: Deliveries

    private func startDeliveries(_ now: Timestamp, _ group: inout DiscardingTaskGroup) async throws {
        let owners = try await store.read { try $0.deploymentsWithDueDeliveries(at: now) }
        let working = Set(owners).union(delivering.keys).count
        for owner in owners {
            let busy = delivering[owner] ?? []
            let room = FairShare.room(for: owner, of: delivering.mapValues(\.count), among: working)
            guard room > 0 else { continue }
            // Those under way are due until their end is stored.
            let due = try await store.read {
                try $0.dueDeliveries(of: owner, at: now, limit: room + busy.count)
            }
            for request in due.filter({ !busy.contains($0.id) }).prefix(room) {
                delivering[owner, default: []].insert(request.id)
                group.addTask { await self.deliver(request) }
            }
        }
    }

    private func deliver(_ request: AsyncRequest) async {
        // Only after its end is stored: until then the store says that it is due.
        defer {
            delivering[request.deploymentID]?.remove(request.id)
            if delivering[request.deploymentID]?.isEmpty == true { delivering[request.deploymentID] = nil }
            board.ring()
        }
        // What was read before another delivery ended is out of date.
        guard let stored = try? await store.read({ try $0.asyncRequest(request.id) }), stored == request
        else { return }
        let began = ContinuousClock.now
        let delivery = await post(request)
        measurements.note(request.deploymentID) { sample in
            sample.count(.webhookRequests, 1)
            sample.time(.webhookLatency, .now - began)
        }
        if Task.isCancelled { return }
        if let problem = delivery.problem { log(request, "webhook: \(problem)", nil) }
        let now = dependencies.now()
        await store("the end of the delivery of \(request.id)") { db in
            guard var current = try db.asyncRequest(request.id), current.awaitsDelivery else { return }
            if delivery.isNoTry {
                current.putOffDelivery(at: now)
            } else {
                current.delivered(delivery.problem, canRetry: delivery.canRetry, at: now)
            }
            try db.update(current)
        }
    }

    private func measure(_ request: AsyncRequest, _ attempt: AsyncAttempt, took duration: Duration) {
        measurements.note(request.deploymentID) { sample in
            sample.traffic.record(
                EndedRequest(
                    kind: RequestKind(status: attempt.status, isAsync: true), duration: duration,
                    firstByte: nil, requestBytes: attempt.requestBytes,
                    responseBytes: attempt.responseBytes))
        }
    }

    private func log(_ request: AsyncRequest, _ message: String, _ replica: ReplicaID?) {
        logs.append(
            LogEntry(
                at: dependencies.now(), "async request \(request.id) \(message)", level: .warning,
                replica: replica, requestID: request.id), to: request.deploymentID)
    }
}

extension DeploymentStatus {
    /// Whether a request may wait for it.
    var canServe: Bool { !isFailure && self != .inactive && self != .deactivating }
}
