import NIOCore
import SlipwayCore
import Testing

@testable import SlipwayGateway

struct ParkingTests {
    private func parked(_ world: World) -> Int { world.gateway.load()[published]?.parked ?? 0 }

    @Test("held requests ask for a replica and go out first come first served once there is one")
    func fifo() async throws {
        // One event loop: with more, the order is that of the queue, but not that of the sockets.
        try await World.with(threads: 1) { world in
            let backend = try await world.backend()
            world.gateway.publish(table([]))
            var clients: [RawClient] = []
            for number in 0..<8 {
                let client = try await RawClient.connect(world)
                client.send(rawHead("Content-Length: 2") + "r\(number)")
                clients.append(client)
                try await eventually("not held") { parked(world) == number + 1 }
            }
            #expect(world.observer.demands == Array(repeating: published, count: 8))
            #expect(world.gateway.load()[published]?.inFlight == 8)
            world.gateway.publish(table([backend.route("r1")]))
            for (number, client) in clients.enumerated() { try await client.expect("\r\n\r\nr\(number)") }
            #expect(backend.sightings.requests.map { String(buffer: $0.body) } == (0..<8).map { "r\($0)" })
            #expect(parked(world) == 0)
            #expect(world.gateway.load()[published]?.inFlight == 0)
        }
    }

    @Test("a request held too long gets 500")
    func timeout() async throws {
        try await World.with(configure: { $0.parkTimeout = .milliseconds(100) }) { world in
            world.gateway.publish(table([]))
            let reply = try await world.request("/production/predict", body: ByteBuffer(string: "{}"))
            #expect(reply.status == 500)
            #expect(reply.error["error_code"] == "model_not_ready")
            #expect(world.gateway.load()[published] != nil)
            #expect(parked(world) == 0)
            #expect(world.gateway.load()[published]?.inFlight == 0)
            #expect(world.observer.logs.count == 1)
        }
    }

    @Test("a held request gets the deployment's error when it is refused meanwhile")
    func refusedMeanwhile() async throws {
        try await World.with { world in
            world.gateway.publish(table([]))
            async let reply = world.request("/production/predict")
            try await eventually("not held") { parked(world) == 1 }
            let error = PlatformError(status: 404, code: "model_unavailable", message: "inactive")
            world.gateway.publish(table([], availability: .refused(error)))
            #expect(try await reply.status == 404)
            #expect(try await reply.error["error"] == "inactive")
        }
    }

    @Test("a request held for an environment follows it to another deployment")
    func followsEnvironment() async throws {
        try await World.with { world in
            let backend = try await world.backend()
            world.gateway.publish(table([]))
            async let reply = world.request("/production/predict", body: ByteBuffer(string: "moved"))
            try await eventually("not held") { parked(world) == 1 }
            world.gateway.publish(table([backend.route("r1")], production: candidate))
            #expect(try await reply.text == "moved")
            #expect(world.gateway.load()[published]?.inFlight == 0)
            #expect(world.gateway.load()[candidate]?.inFlight == 0)
        }
    }

    @Test("beyond the bound of held requests the answer is 429")
    func bound() async throws {
        try await World.with(configure: { $0.maxParkedPerDeployment = 1 }) { world in
            let backend = try await world.backend()
            world.gateway.publish(table([]))
            async let held = world.request("/production/predict")
            try await eventually("not held") { parked(world) == 1 }
            let refused = try await world.request("/production/predict")
            #expect(refused.status == 429)
            #expect(refused.error["error_code"] == "rate_limited")
            world.gateway.publish(table([backend.route("r1")]))
            #expect(try await held.status == 200)
        }
    }

    @Test("the body of a held request is read no further than the high-water mark")
    func backPressure() async throws {
        try await World.with { world in
            let backend = try await Backend.start(on: world.group, runs: .atEnd) { _, responder in
                responder.respond("done")
            }
            world.gateway.publish(table([]))
            let raw = try await RawClient.connect(world)
            let total = 50 * 1024 * 1024
            raw.send(rawHead("Content-Length: \(total)"))
            raw.send(ByteBuffer(repeating: 120, count: total))
            try await eventually("not held") { parked(world) == 1 }
            // A gateway that reads on would have taken everything within this time.
            for _ in 0..<40 {
                try await Task.sleep(for: .milliseconds(20))
                try #require(!raw.isWritable, "the gateway took the whole body")
            }
            world.gateway.publish(table([backend.route("r1")]))
            try await raw.expect("done")
            #expect(backend.sightings.bodyBytes == total)
        }
    }

    @Test("a client that leaves while held gives its place up")
    func leaves() async throws {
        try await World.with { world in
            world.gateway.publish(table([]))
            let raw = try await RawClient.connect(world)
            raw.send(rawHead("Content-Length: 0"))
            try await eventually("not held") { parked(world) == 1 }
            try await raw.close()
            try await eventually("still held") { parked(world) == 0 }
            #expect(world.gateway.load()[published]?.inFlight == 0)
        }
    }
}
