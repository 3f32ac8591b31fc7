import Dispatch
import NIOCore
import NIOHTTP1
import SlipwayCore
import Synchronization
import Testing

@testable import SlipwayGateway

struct ReplicaFailureTests {
    /// A port on which nothing listens any more.
    private func deadRoute(_ id: String, in world: World) async throws -> ReplicaRoute {
        let backend = try await world.backend()
        let route = backend.route(id)
        try await backend.stop()
        return route
    }

    @Test("a request to a dead replica is answered by another, and the dead one is reported")
    func triesAnother() async throws {
        try await World.with { world in
            let alive = try await world.backend()
            let dead = try await deadRoute("dead1", in: world)
            world.gateway.publish(table([dead, alive.route("live1")]))
            var attempts: [String?] = []
            for _ in 0..<4 {
                let reply = try await world.request("/production/predict", body: ByteBuffer(string: "x"))
                #expect(reply.status == 200)
                #expect(reply.text == "x")
                attempts.append(reply.headers.first(name: "x-baseten-model-prediction-attempts"))
            }
            #expect(Set(attempts) == [nil, "2"])
            #expect(Set(world.observer.failures) == [ReplicaID("dead1")])
            #expect(world.gateway.inFlight(replica: ReplicaID("dead1")) == 0)
        }
    }

    @Test("when all replicas are dead the request waits for a new one")
    func waitsForNew() async throws {
        try await World.with(configure: { $0.firstRetryPause = .milliseconds(10) }) { world in
            let dead = try await deadRoute("dead1", in: world)
            let alive = try await world.backend()
            world.gateway.publish(table([dead]))
            async let reply = world.request("/production/predict", body: ByteBuffer(string: "x"))
            try await eventually("no failure seen") { !world.observer.failures.isEmpty }
            world.gateway.publish(table([]))
            try await eventually("not held") { world.gateway.load()[published]?.parked == 1 }
            world.gateway.publish(table([alive.route("live1")]))
            #expect(try await reply.text == "x")
        }
    }

    @Test("a replica that stays dead ends in 502 after the last attempt")
    func givesUp() async throws {
        try await World.with(configure: {
            $0.firstRetryPause = .milliseconds(1)
            $0.longestRetryPause = .milliseconds(2)
        }) { world in
            world.gateway.publish(table([try await deadRoute("dead1", in: world)]))
            let reply = try await world.request("/production/predict")
            #expect(reply.status == 502)
            #expect(reply.error["error"] == "Error making prediction")
            #expect(world.observer.failures.count == 16)
        }
    }

    @Test("a client can ask for no second attempt")
    func optOut() async throws {
        try await World.with { world in
            world.gateway.publish(table([try await deadRoute("dead1", in: world)]))
            let reply = try await world.request(
                "/production/predict", headers: ["X-Slipway-No-Retry": "1"])
            #expect(reply.status == 502)
            #expect(world.observer.failures.count == 1)
        }
    }

    @Test("a request that the replica has seen is not sent again")
    func noSecondRun() async throws {
        try await World.with { world in
            let backend = try await world.backend { _, responder in responder.disconnect() }
            world.gateway.publish(table([backend.route("r1")]))
            let reply = try await world.request("/production/predict", body: ByteBuffer(string: "{}"))
            #expect(reply.status == 502)
            #expect(reply.error["error_code"] == "model_unavailable")
            #expect(backend.sightings.requests.count == 1)
            #expect(world.observer.failures == [ReplicaID("r1")])
            #expect(world.observer.logs.count == 1)
        }
    }

    @Test("nor is one that came over a connection that had been used before")
    func noSecondRunOnUsedConnection() async throws {
        try await World.with(threads: 1) { world in
            let backend = try await world.backend { request, responder in
                if request.body == ByteBuffer(string: "1") {
                    responder.respond(body: request.body)
                } else {
                    responder.disconnect()
                }
            }
            world.gateway.publish(table([backend.route("r1")]))
            #expect(try await world.request("/production/predict", body: ByteBuffer(string: "1")).text == "1")
            let second = try await world.request("/production/predict", body: ByteBuffer(string: "2"))
            #expect(second.status == 502)
            #expect(backend.sightings.requests.count == 2 && backend.sightings.connections == 1)
            #expect(world.observer.failures == [ReplicaID("r1")])
        }
    }

    @Test(
        "a kept-alive connection that the replica closes as a request is on its way is replaced by a fresh one"
    )
    func staleConnection() async throws {
        try await World.with(threads: 1) { world in
            let (first, gate) = (Slot<Responder>(), DispatchSemaphore(value: 0))
            let backend = try await world.backend { request, responder in
                if request.body == ByteBuffer(string: "1") { first.put(responder) }
                responder.respond(body: request.body)
            }
            world.gateway.publish(table([backend.route("r1")]))
            let raw = try await RawClient.connect(world)
            raw.send(rawHead("Content-Length: 1") + "1")
            try await raw.expect("\r\n\r\n1")
            // The loop finds both at once: the next request, and the end of the connection it goes out on.
            world.gateway.threads.withLock { $0 }[0].submit { _ in gate.wait() }
            raw.send(rawHead("Content-Length: 1") + "2")
            try await Task.sleep(for: .milliseconds(200))
            try await first.wait().disconnect()
            try await eventually("it was not closed") { backend.sightings.openConnections == 0 }
            gate.signal()
            try await raw.expect("\r\n\r\n2")
            #expect(raw.received.lowercased().contains("x-baseten-model-prediction-attempts: 2"))
            #expect(backend.sightings.connections == 2)
            #expect(world.observer.failures.isEmpty)
        }
    }

    @Test("upstream connections are used again")
    func keepAlive() async throws {
        try await World.with(threads: 1, configure: { $0.upstreamIdleTimeout = .seconds(60) }) { world in
            let backend = try await world.backend()
            world.gateway.publish(table([backend.route("r1")]))
            for _ in 0..<5 { _ = try await world.request("/production/predict") }
            #expect(backend.sightings.connections == 1)
        }
    }

    @Test("upstream connections are closed when idle")
    func idleTimeout() async throws {
        try await World.with(threads: 1, configure: { $0.upstreamIdleTimeout = .milliseconds(200) }) {
            world in
            let backend = try await world.backend()
            world.gateway.publish(table([backend.route("r1")]))
            _ = try await world.request("/production/predict")
            #expect(backend.sightings.connections == 1)
            try await eventually("idle connection stayed") { backend.sightings.openConnections == 0 }
        }
    }
}
