import NIOCore
import SlipwayCore
import Testing

@testable import SlipwayGateway

struct UpstreamAnswerTests {
    @Test(
        "an answer that is not HTTP, or an upgrade nobody asked for, becomes 502",
        arguments: [
            "garbage\r\n\r\n",
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n",
        ])
    func badAnswers(_ answer: String) async throws {
        try await World.with { world in
            let backend = try await CannedBackend.start(on: world.group, answer)
            world.gateway.publish(table([backend.route("r1")]))
            let reply = try await world.request("/production/predict")
            #expect(reply.status == 502)
            #expect(world.gateway.inFlight(replica: ReplicaID("r1")) == 0)
        }
    }

    @Test("an answer whose head is too large names the limit")
    func largeHead() async throws {
        try await World.with { world in
            let field = "X-A: \(String(repeating: "a", count: 60 << 10))\r\n"
            let backend = try await CannedBackend.start(
                on: world.group, "HTTP/1.1 200 OK\r\n\(String(repeating: field, count: 5))\r\n")
            world.gateway.publish(table([backend.route("r1")]))
            let reply = try await world.request("/production/predict")
            #expect(reply.status == 502)
            #expect(reply.text.contains("262144 bytes"))
            #expect(world.gateway.inFlight(replica: ReplicaID("r1")) == 0)
        }
    }

    @Test("surplus bytes after an answer never reach the next request")
    func surplus() async throws {
        try await World.with(threads: 1) { world in
            let one = "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n"
            let backend = try await CannedBackend.start(on: world.group, "\(one)A\(one)B")
            world.gateway.publish(table([backend.route("r1")]))
            let raw = try await RawClient.connect(world)
            // Pipelined, so that the second request is there when the surplus comes.
            raw.send(String(repeating: rawHead("Content-Length: 0"), count: 3))
            try await eventually("answers are missing") { raw.received.count(of: "\r\n\r\nA") == 3 }
            #expect(!raw.received.contains("\r\n\r\nB"))
        }
    }

    @Test("a body that ends with the replica's connection is passed on whole")
    func endsWithConnection() async throws {
        try await World.with { world in
            let backend = try await CannedBackend.start(
                on: world.group, "HTTP/1.0 200 OK\r\nX-A: 1\r\n\r\nbody", closes: true)
            world.gateway.publish(table([backend.route("r1")]))
            let reply = try await world.request("/production/predict")
            #expect(reply.status == 200)
            #expect(reply.text == "body")
            #expect(reply.headers["transfer-encoding"] == ["chunked"])
        }
    }

    @Test("interim answers of the replica reach the client before the final one")
    func interim() async throws {
        try await World.with { world in
            let backend = try await CannedBackend.start(
                on: world.group,
                "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
            world.gateway.publish(table([backend.route("r1")]))
            let raw = try await RawClient.connect(world)
            raw.send(rawHead("Content-Length: 0"))
            try await raw.expect("\r\n\r\nok")
            #expect(raw.received.hasPrefix("HTTP/1.1 103 "))
            #expect(raw.received.contains("\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\n"))
        }
    }
}
