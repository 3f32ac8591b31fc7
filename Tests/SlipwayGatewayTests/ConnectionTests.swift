import Foundation
import NIOCore
import NIOHTTP1
import SlipwayCore
import Testing

@testable import SlipwayGateway

struct ConnectionTests {
    struct Malformed: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var text: String
        var status: Int

        init(_ name: String, _ text: String, status: Int = 400) {
            testDescription = name
            self.text = text
            self.status = status
        }
    }

    static let malformedRequests: [Malformed] = [
        Malformed("no host", "GET / HTTP/1.1\r\n\r\n"),
        Malformed("two hosts", "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n"),
        Malformed(
            "length and chunks",
            "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
        Malformed(
            "two lengths", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabc"),
        Malformed("negative length", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n"),
        Malformed("blank in a name", "GET / HTTP/1.1\r\nHost: a\r\nBad Name: x\r\n\r\n"),
        Malformed(
            "long head",
            "GET / HTTP/1.1\r\nHost: a\r\nX: \(String(repeating: "x", count: 40_000))\r\n\r\n", status: 431),
        Malformed(
            "endless URI", "GET /\(String(repeating: "x", count: 20_000)) HTTP/1.1\r\nHost: a\r\n\r\n",
            status: 414),
        Malformed("no HTTP", "nonsense\r\n\r\n"),
        Malformed("a TLS hello", "\u{16}\u{3}\u{1}\u{2}\u{0}\u{1}\u{0}\u{1}\r\n\r\n"),
        Malformed("relative URI", "GET x HTTP/1.1\r\nHost: a\r\n\r\n"),
    ]

    @Test(
        "malformed requests get an error and a closed connection, and the gateway serves on",
        arguments: malformedRequests)
    func malformed(_ request: Malformed) async throws {
        try await World.with { world in
            let backend = try await world.backend()
            world.gateway.publish(table([backend.route("r1")]))
            let raw = try await RawClient.connect(world)
            raw.send(request.text)
            try await raw.expect("HTTP/1.1 \(request.status) ")
            try await raw.expectClose()
            #expect(try await world.request("/production/predict").status == 200)
        }
    }

    @Test("a client that says that this is its last request may close its side and gets its answer")
    func halfClose() async throws {
        try await World.with { world in
            let slot = Slot<Responder>()
            let backend = try await world.backend { _, responder in slot.put(responder) }
            world.gateway.publish(table([backend.route("r1")]))
            let raw = try await RawClient.connect(world, halfCloses: true)
            raw.send(rawHead("Content-Length: 0", "Connection: close"))
            let responder = try await slot.wait()
            try await raw.endSending()
            // A gateway that takes this for leaving would have cut the replica off by now.
            for _ in 0..<20 {
                try await Task.sleep(for: .milliseconds(10))
                try #require(responder.isConnected)
            }
            responder.respond("last")
            try await raw.expect("\r\n\r\nlast")
        }
    }

    @Test("a client that closes its side while it could have gone on has left")
    func leaving() async throws {
        try await World.with { world in
            let slot = Slot<Responder>()
            let backend = try await world.backend { _, responder in slot.put(responder) }
            world.gateway.publish(table([backend.route("r1")]))
            let raw = try await RawClient.connect(world, halfCloses: true)
            raw.send(rawHead("Content-Length: 0"))
            let responder = try await slot.wait()
            try await raw.endSending()
            try await eventually("not cancelled") { !responder.isConnected }
            try await eventually("not logged") { world.observer.logs.contains { $0.message.contains("499") } }
        }
    }

    @Test("pipelined requests are answered in order")
    func pipelining() async throws {
        try await World.with { world in
            let backend = try await world.backend()
            world.gateway.publish(table([backend.route("r1")]))
            let raw = try await RawClient.connect(world)
            raw.send((0..<5).map { rawHead("Content-Length: 3") + "<\($0)>" }.joined())
            try await raw.expect("<4>")
            let order = (0..<5).map { number in raw.received.range(of: "<\(number)>")?.lowerBound }
            #expect(order.allSatisfy { $0 != nil })
            #expect(order.compactMap { $0 } == order.compactMap { $0 }.sorted())
        }
    }

    @Test("an HTTP/1.0 client gets a body without chunks that ends with the connection")
    func oldClient() async throws {
        try await World.with { world in
            let backend = try await world.backend { _, responder in
                responder.head()
                responder.chunk("streamed")
                responder.end()
            }
            world.gateway.publish(table([backend.route("r1")]))
            let raw = try await RawClient.connect(world)
            raw.send(rawHead("Content-Length: 0").replacingOccurrences(of: "HTTP/1.1", with: "HTTP/1.0"))
            try await raw.expectClose()
            #expect(raw.received.hasSuffix("\r\n\r\nstreamed"))
        }
    }

    @Test("a connection without requests is closed after the idle timeout")
    func idleTimeout() async throws {
        try await World.with(configure: {
            $0.clientIdleTimeout = .seconds(2)
            $0.headTimeout = .seconds(1)
        }) { world in
            let backend = try await world.backend()
            world.gateway.publish(table([backend.route("r1")]))
            let fresh = try await RawClient.connect(world)
            try await fresh.expectClose()
            let used = try await RawClient.connect(world)
            used.send(rawHead("Content-Length: 2") + "ok")
            try await used.expect("\r\n\r\nok")
            try await used.expectClose()
            let halfSent = try await RawClient.connect(world)
            halfSent.send("POST /production/predict HTTP/1.1\r\nHost: ")
            try await halfSent.expect("HTTP/1.1 408 ")
            try await halfSent.expectClose()
            let slowBody = try await RawClient.connect(world)
            slowBody.send(rawHead("Content-Length: 2") + "o")
            try await slowBody.expect("HTTP/1.1 408 ")
            try await slowBody.expectClose()
        }
    }

    @Test("a prediction longer than the idle timeout is not cut off")
    func longPrediction() async throws {
        try await World.with(configure: { $0.clientIdleTimeout = .seconds(1) }) { world in
            let slot = Slot<Responder>()
            let backend = try await world.backend { _, responder in slot.put(responder) }
            world.gateway.publish(table([backend.route("r1")]))
            let raw = try await RawClient.connect(world)
            raw.send(rawHead("Content-Length: 0"))
            let responder = try await slot.wait()
            try await Task.sleep(for: .milliseconds(2500))
            responder.respond("late")
            try await raw.expect("late")
        }
    }

    @Test("shutdown refuses new connections, finishes requests in flight and closes the rest")
    func gracefulShutdown() async throws {
        try await World.with { world in
            let slot = Slot<Responder>()
            let backend = try await world.backend { _, responder in slot.put(responder) }
            world.gateway.publish(table([backend.route("r1")]))
            let idle = try await RawClient.connect(world)
            let busy = try await RawClient.connect(world)
            busy.send(rawHead("Content-Length: 0"))
            let responder = try await slot.wait()
            let shutdown = Task { await world.gateway.shutdown(grace: .seconds(20)) }
            try await idle.expectClose()
            await #expect(throws: (any Error).self) { _ = try await RawClient.connect(world) }
            #expect(busy.isConnected)
            responder.respond("finished")
            try await busy.expect("finished")
            #expect(busy.received.lowercased().contains("connection: close"))
            try await busy.expectClose()
            await shutdown.value
        }
    }

    @Test("shutdown closes what is still there after the grace")
    func graceEnds() async throws {
        try await World.with { world in
            let backend = try await world.backend { _, _ in }
            world.gateway.publish(table([backend.route("r1")]))
            let busy = try await RawClient.connect(world)
            busy.send(rawHead("Content-Length: 0"))
            try await eventually("no request") { backend.sightings.requests.count == 1 }
            await world.gateway.shutdown(grace: .milliseconds(100))
            try await busy.expectClose()
            try await eventually("upstream stayed open") { backend.sightings.openConnections == 0 }
        }
    }
}
