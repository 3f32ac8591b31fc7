// Promises about asynchronous requests: each ends exactly once, and its result is told only once it is stored.

import SlipwayCore
import SlipwayStore

final class QueueChecks: @unchecked Sendable {
    private unowned let world: World
    private var known: [String: AsyncRequest] = [:]
    /// Deliveries that were accepted, and how often the server had died by the first.
    private var deliveries: [String: (count: Int, deaths: Int)] = [:]
    private(set) var ended = 0
    /// In which life of the server a prediction last succeeded, counted by its crashes.
    private var predictions: [String: Int] = [:]

    init(world: World) { self.world = world }

    func check() throws {
        guard !world.ledger.submitted.isEmpty else { return }
        let stored = try world.database.look { try $0.asyncRequests() }
        for request in stored { compare(known[request.id], request) }
        let ids = Set(stored.map(\.id))
        for (id, model) in world.ledger.submitted where !ids.contains(id) {
            // Results are forgotten an hour after their end, and with their model.
            guard world.ledger.models[model] == .there, !isForgotten(known[id]) else {
                world.ledger.submitted[id] = nil
                continue
            }
            world.violate(.queueIsKept, "asynchronous request \(id) was accepted and is lost")
        }
        for id in world.ledger.submitted.keys where ids.contains(id) { world.evaluated(.queueIsKept) }
        known = Dictionary(uniqueKeysWithValues: stored.map { ($0.id, $0) })
    }

    private func isForgotten(_ last: AsyncRequest?) -> Bool {
        guard let last else { return false }
        return last.status.isEnd && world.now - last.statusAt >= .seconds(3590)
    }

    private func compare(_ before: AsyncRequest?, _ now: AsyncRequest) {
        world.transitions.compare(before, now)
        if now.status.isEnd, !(before?.status.isEnd ?? false) { ended += 1 }
        if world.ledger.canceled.contains(now.id) {
            world.evaluated(.queueCancellation)
            if now.status != .canceled {
                world.violate(
                    .queueCancellation,
                    "asynchronous request \(now.id) was canceled and is \(now.status.rawValue)")
            }
        }
        guard let before, before.status.isEnd else { return }
        world.evaluated(.queueEndsOnce)
        if before.status == now.status { return }
        if before.status != .succeeded || now.status != .webhookFailed {
            world.violate(
                .queueEndsOnce,
                "asynchronous request \(now.id) ended \(before.status.rawValue) and became \(now.status.rawValue)"
            )
        }
    }

    /// Requests that have not ended.
    var open: [AsyncRequest] {
        known.values.filter { !$0.status.isEnd || $0.webhookStatus == .pending }.sorted { $0.id < $1.id }
    }

    /// A replica has answered an asynchronous request. Only a server that died before it had stored that may ask
    /// again; one that cannot write waits until it can.
    func predicted(_ id: String, life: Int) {
        // The answer to one that is dead reaches nobody.
        guard life == world.serverCrashes else { return }
        world.evaluated(.predictedOnce)
        if predictions[id] == life {
            world.violate(.predictedOnce, "asynchronous request \(id) was predicted twice")
        }
        predictions[id] = life
    }

    /// A webhook took the result of a request.
    func delivered(_ id: String) {
        let request = try? world.database.look { try $0.asyncRequest(id) }
        // Deleted with its model while its delivery was under way.
        guard let request = request ?? nil else { return }
        guard request.status == .succeeded || request.status == .failed else {
            return world.violate(.deliveredOnce, "a webhook heard of request \(id) before its end was stored")
        }
        world.evaluated(.deliveredOnce)
        let first = deliveries[id] ?? (0, world.serverCrashes)
        deliveries[id] = (first.count + 1, first.deaths)
        if first.count > 0, first.deaths == world.serverCrashes, !world.storeHasFailed {
            world.violate(.deliveredOnce, "the result of request \(id) was delivered twice")
        }
    }
}
