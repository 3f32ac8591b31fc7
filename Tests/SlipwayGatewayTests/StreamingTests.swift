import NIOCore
import NIOHTTP1
import SlipwayCore
import Synchronization
import Testing

@testable import SlipwayGateway

/// Hands a backend's responder to the test.
final class Slot<Value: Sendable>: Sendable {
    private let stored = Mutex<Value?>(nil)
    func put(_ value: Value) { stored.withLock { $0 = value } }
    var value: Value? { stored.withLock { $0 } }
    func wait() async throws -> Value {
        try await eventually("nothing arrived") { value != nil }
        return try #require(value)
    }
}

/// Hands a backend's responders to the test, in the order of their requests.
final class Slots<Value: Sendable>: Sendable {
    private let stored = Mutex<[Value]>([])
    func put(_ value: Value) { stored.withLock { $0.append(value) } }
    var values: [Value] { stored.withLock { $0 } }
}

struct StreamingTests {
    @Test("a chunk reaches the client before the replica has made the next one")
    func chunksAtOnce() async throws {
        try await World.with { world in
            let slot = Slot<Responder>()
            let backend = try await world.backend { _, responder in
                responder.head(.ok, ["Content-Type": "text/event-stream"])
                responder.chunk("one")
                slot.put(responder)
            }
            world.gateway.publish(table([backend.route("r1")]))
            let response = try await world.open("/production/predict")
            #expect(response.headers["content-type"] == ["text/event-stream"])
            var chunks = response.body.makeAsyncIterator()
            #expect(try await chunks.next().map { String(buffer: $0) } == "one")
            let responder = try await slot.wait()
            #expect(world.gateway.inFlight(replica: ReplicaID("r1")) == 1)
            responder.chunk("two")
            #expect(try await chunks.next().map { String(buffer: $0) } == "two")
            responder.end()
            #expect(try await chunks.next() == nil)
            #expect(world.gateway.inFlight(replica: ReplicaID("r1")) == 0)
        }
    }

    @Test("a request body reaches the replica while the client still sends it")
    func requestStreams() async throws {
        try await World.with { world in
            let slot = Slot<Responder>()
            let backend = try await Backend.start(on: world.group, runs: .atHead) { _, responder in
                slot.put(responder)
            }
            world.gateway.publish(table([backend.route("r1")]))
            let raw = try await RawClient.connect(world)
            raw.send(rawHead("Transfer-Encoding: chunked") + "3\r\nabc\r\n")
            try await eventually("no first chunk") { backend.sightings.bodyBytes == 3 }
            raw.send("2\r\nde\r\n0\r\n\r\n")
            try await eventually("no second chunk") { backend.sightings.bodyBytes == 5 }
            try await slot.wait().respond("done")
            try await raw.expect("done")
            #expect(raw.isConnected)
        }
    }

    @Test("a client that does not read stops the replica's writing, and gets everything once it reads")
    func slowReader() async throws {
        try await World.with { world in
            let slot = Slot<Responder>()
            let backend = try await world.backend { _, responder in
                responder.head()
                slot.put(responder)
            }
            world.gateway.publish(table([backend.route("r1")]))
            let raw = try await RawClient.connect(world, autoRead: false)
            raw.send(rawHead("Content-Length: 0"))
            let responder = try await slot.wait()
            let chunk = ByteBuffer(repeating: 120, count: 1024 * 1024)
            let chunks = 128
            let written = Atomic(0)
            for _ in 1...chunks { responder.chunk(chunk) { written.add(1, ordering: .relaxed) } }
            // The sockets' buffers take some megabytes; a gateway that buffers would take all of it.
            var seen = -1
            for _ in 0..<100 where seen != written.load(ordering: .relaxed) {
                seen = written.load(ordering: .relaxed)
                try await Task.sleep(for: .milliseconds(100))
            }
            #expect(seen < chunks / 2)
            #expect(!responder.isWritable)
            responder.end()
            try await raw.startReading()
            try await eventually("bytes are missing") { raw.receivedBytes > chunks * 1024 * 1024 }
            try await eventually("writes are missing") { written.load(ordering: .relaxed) == chunks }
        }
    }

    @Test("a replica that does not read stops the client's sending")
    func slowReplica() async throws {
        try await World.with { world in
            let slot = Slot<Responder>()
            let backend = try await Backend.start(on: world.group, runs: .atHead) { _, responder in
                responder.setReading(false)
                slot.put(responder)
            }
            world.gateway.publish(table([backend.route("r1")]))
            let raw = try await RawClient.connect(world)
            let total = 90 * 1024 * 1024
            raw.send(rawHead("Content-Length: \(total)"))
            let responder = try await slot.wait()
            raw.send(ByteBuffer(repeating: 120, count: total))
            var seen = -1
            // Nothing moves any more once all buffers are full.
            for _ in 0..<200 where seen != backend.sightings.bodyBytes {
                seen = backend.sightings.bodyBytes
                try await Task.sleep(for: .milliseconds(50))
            }
            #expect(!raw.isWritable)
            #expect(backend.sightings.bodyBytes < total / 2)
            responder.setReading(true)
            try await eventually("the body did not arrive") { backend.sightings.bodyBytes == total }
            responder.respond("thanks")
            try await raw.expect("thanks")
        }
    }

    @Test("a client that leaves during a prediction cancels it at the replica, which is logged as 499")
    func clientLeaves() async throws {
        try await World.with { world in
            let slot = Slot<Responder>()
            let backend = try await world.backend { _, responder in slot.put(responder) }
            world.gateway.publish(table([backend.route("r1")]))
            let raw = try await RawClient.connect(world)
            raw.send(rawHead("Content-Length: 2") + "{}")
            _ = try await slot.wait()
            try await raw.close()
            try await eventually("the upstream stayed open") { backend.sightings.openConnections == 0 }
            try await eventually("no log line") { !world.observer.logs.isEmpty }
            #expect(world.observer.logs[0].message.contains("499"))
            #expect(world.gateway.inFlight(replica: ReplicaID("r1")) == 0)
            #expect(world.gateway.load()[published]?.inFlight == 0)
        }
    }

    @Test("a client that leaves during a stream cancels it at the replica")
    func clientLeavesStream() async throws {
        try await World.with { world in
            let backend = try await world.backend { _, responder in
                responder.head()
                responder.chunk("first")
            }
            world.gateway.publish(table([backend.route("r1")]))
            let raw = try await RawClient.connect(world)
            raw.send(rawHead("Content-Length: 0"))
            try await raw.expect("first")
            try await raw.close()
            try await eventually("the upstream stayed open") { backend.sightings.openConnections == 0 }
        }
    }

    @Test("a replica that dies in the middle of its answer cuts the client's answer off")
    func replicaDies() async throws {
        try await World.with { world in
            let backend = try await world.backend { _, responder in
                responder.head()
                responder.chunk("first")
                responder.disconnect()
            }
            world.gateway.publish(table([backend.route("r1")]))
            let raw = try await RawClient.connect(world)
            raw.send(rawHead("Content-Length: 0"))
            try await raw.expect("HTTP/1.1 200")
            try await raw.expectClose()
            #expect(!raw.received.contains("\r\n0\r\n"))
            #expect(world.gateway.inFlight(replica: ReplicaID("r1")) == 0)
        }
    }
}
