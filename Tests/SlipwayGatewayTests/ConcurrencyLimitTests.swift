import NIOCore
import SlipwayCore
import Testing

@testable import SlipwayGateway

struct ConcurrencyLimitTests {
    private func limited(_ replicas: [ReplicaRoute], to limit: Int, rejects: Bool = false) -> RoutingTable {
        var table = table(replicas)
        table.edit(published) { ($0.concurrencyLimit, $0.rejectsWhenFull) = (limit, rejects) }
        return table
    }

    private func parked(_ world: World) -> Int { world.gateway.load()[published]?.parked ?? 0 }

    @Test("a replica gets no more than its limit; the rest waits here and goes in order")
    func queues() async throws {
        try await World.with(threads: 1) { world in
            let responders = Slots<Responder>()
            let backend = try await world.backend { _, responder in responders.put(responder) }
            world.gateway.publish(limited([backend.route("r1")], to: 2))
            var clients: [RawClient] = []
            for number in 0..<6 {
                let client = try await RawClient.connect(world)
                client.send(rawHead("Content-Length: 2") + "r\(number)")
                clients.append(client)
                try await eventually("not taken") {
                    world.gateway.load()[published]?.inFlight == number + 1
                        && parked(world) == max(0, number - 1)
                }
            }
            #expect(world.gateway.inFlight(replica: ReplicaID("r1")) == 2)
            #expect(world.observer.demands.isEmpty)
            for number in 0..<6 {
                try await eventually("no request") { responders.values.count > number }
                responders.values[number].respond("done \(number)")
                // One at a time: two that go at once may change places between two sockets.
                try await eventually("none followed") { responders.values.count >= min(6, number + 3) }
            }
            for client in clients { try await client.expect("done ") }
            #expect(backend.sightings.requests.map { String(buffer: $0.body) } == (0..<6).map { "r\($0)" })
            #expect(parked(world) == 0)
            #expect(world.gateway.inFlight(replica: ReplicaID("r1")) == 0)
        }
    }

    @Test("little load stays on the first replica, more goes to the others")
    func packing() async throws {
        try await World.with { world in
            let responders = Slots<Responder>()
            let first = try await world.backend { _, responder in responders.put(responder) }
            let second = try await world.backend { _, responder in responders.put(responder) }
            world.gateway.publish(limited([first.route("r1"), second.route("r2")], to: 1))
            for number in 0..<3 {
                async let reply = world.request("/production/predict")
                try await eventually("no request") { responders.values.count > number }
                responders.values[number].respond("x")
                _ = try await reply
            }
            #expect(first.sightings.requests.count == 3)
            async let one = world.request("/production/predict")
            async let other = world.request("/production/predict")
            try await eventually("no request") { responders.values.count == 5 }
            #expect(second.sightings.requests.count == 1)
            for responder in responders.values.suffix(2) { responder.respond("x") }
            #expect(try await [one.status, other.status] == [200, 200])
        }
    }

    @Test("a model's own routes do not wait behind predictions")
    func ownRoutes() async throws {
        try await World.with { world in
            let slot = Slot<Responder>()
            let backend = try await world.backend { request, responder in
                if request.head.uri == "/health" { responder.respond("well") } else { slot.put(responder) }
            }
            world.gateway.publish(limited([backend.route("r1")], to: 1))
            async let prediction = world.request("/production/predict")
            let responder = try await slot.wait()
            #expect(try await world.request("/production/sync/health", method: .GET).text == "well")
            responder.respond("done")
            #expect(try await prediction.text == "done")
        }
    }

    @Test("with REJECT_ON_FULL what would wait gets 529, and the first one still asks for a replica")
    func rejects() async throws {
        try await World.with { world in
            let slot = Slot<Responder>()
            let backend = try await world.backend { _, responder in slot.put(responder) }
            world.gateway.publish(limited([backend.route("r1")], to: 1, rejects: true))
            async let served = world.request("/production/predict")
            let responder = try await slot.wait()
            #expect(try await world.request("/production/predict").status == 529)
            #expect(world.observer.demands.isEmpty)
            responder.respond("done")
            #expect(try await served.text == "done")
            world.gateway.publish(limited([], to: 1, rejects: true))
            #expect(try await world.request("/production/predict").status == 529)
            #expect(world.observer.demands == [published])
        }
    }

    @Test("a client that leaves the queue lets the next one go")
    func leaves() async throws {
        try await World.with { world in
            let responders = Slots<Responder>()
            let backend = try await world.backend { _, responder in responders.put(responder) }
            world.gateway.publish(limited([backend.route("r1")], to: 1))
            let clients = [
                try await RawClient.connect(world), try await RawClient.connect(world),
                try await RawClient.connect(world),
            ]
            for (number, client) in clients.enumerated() {
                client.send(rawHead("Content-Length: 0"))
                try await eventually("not taken") { world.gateway.load()[published]?.inFlight == number + 1 }
            }
            try await clients[1].close()
            try await eventually("still held") { parked(world) == 1 }
            try await clients[0].close()
            try await eventually("never sent") { responders.values.count == 2 }
            responders.values[1].respond("third")
            try await clients[2].expect("third")
            try await eventually("not counted down") { world.gateway.load()[published]?.inFlight == 0 }
        }
    }

    @Test("who asks for it is told the place in the queue")
    func queueHint() async throws {
        try await World.with { world in
            world.gateway.publish(table([]))
            let first = try await RawClient.connect(world)
            first.send(rawHead("Content-Length: 0"))
            try await eventually("not held") { parked(world) == 1 }
            let second = try await RawClient.connect(world)
            second.send(rawHead("Content-Length: 0", "X-Slipway-Queue-Hint: 1"))
            try await second.expect(
                "HTTP/1.1 102 Processing\r\nX-Slipway-Queue-Position: 2\r\nX-Slipway-Queue-Reason: starting\r\n\r\n"
            )
            #expect(first.received.isEmpty)
        }
    }

    @Test("under load from many connections every request is answered and nothing is left behind")
    func stress() async throws {
        try await World.with { world in
            let backends = [try await world.backend(), try await world.backend()]
            world.gateway.publish(
                limited(backends.enumerated().map { $1.route("r\($0)") }, to: 1))
            try await withThrowingTaskGroup(of: Int.self) { group in
                for _ in 0..<32 {
                    group.addTask {
                        var good = 0
                        for _ in 0..<40 where try await world.request("/production/predict").status == 200 {
                            good += 1
                        }
                        return good
                    }
                }
                var sum = 0
                for try await good in group { sum += good }
                #expect(sum == 32 * 40)
            }
            #expect(world.gateway.load()[published]?.inFlight == 0)
            #expect(parked(world) == 0)
            #expect(["r0", "r1"].map { world.gateway.inFlight(replica: ReplicaID($0)) } == [0, 0])
        }
    }
}
