// Tokens in flight of running requests: in the books, at the replicas, in the choice between them.

import NIOCore
import SlipwayCore
import SlipwaySockets
import Testing

@testable import SlipwayGateway

struct TokenCountingTests {
    private func counting(_ replicas: [ReplicaRoute], limit: Int? = nil) -> RoutingTable {
        var table = table(replicas)
        table.edit(published) { ($0.targetInFlightTokens, $0.concurrencyLimit) = (1000, limit) }
        return table
    }

    private func prompt(_ bytes: Int) -> ByteBuffer {
        ByteBuffer(
            string: #"{"messages":[{"role":"user","content":""# + String(repeating: "a", count: bytes)
                + #""}]}"#)
    }

    private func tokens(_ world: World) -> Int { world.gateway.load()[published]?.tokens ?? -1 }

    private let event = #"data: {"choices":[{"delta":{"content":"x"}}]}"# + "\n\n"

    @Test("a request counts its prompt and what was streamed until it ends")
    func oneRequest() async throws {
        try await World.with { world in
            let slot = Slot<Responder>()
            let backend = try await world.backend { _, responder in
                responder.head()
                slot.put(responder)
            }
            world.gateway.publish(counting([backend.route("r1")]))
            let response = try await world.open("/production/predict", body: prompt(4000))
            #expect(tokens(world) == 1000)
            let responder = try await slot.wait()
            responder.chunk(event + event)
            var chunks = response.body.makeAsyncIterator()
            #expect(try await chunks.next().map { String(buffer: $0) } == event + event)
            try await eventually("not counted") { tokens(world) == 1002 }
            responder.chunk(
                #"data: {"choices":[],"usage":{"prompt_tokens":2000,"completion_tokens":10}}"# + "\n\n")
            try await eventually("not corrected") { tokens(world) == 2010 }
            responder.end()
            while try await chunks.next() != nil {}
            try await eventually("not ended") { tokens(world) == 0 }
            #expect(try #require(world.gateway.load()[published]).tokenSeconds > 0)
            // The next one profits from what this one said.
            async let next = world.open("/production/predict", body: prompt(4000))
            try await eventually("nothing learnt") { tokens(world) > 1200 }
            try await eventually("no request") { slot.value !== responder }
            slot.value?.end()
            _ = try await next
        }
    }

    @Test("where nobody asks for tokens none are counted")
    func notCounted() async throws {
        try await World.with { world in
            let slot = Slot<Responder>()
            let backend = try await world.backend { _, responder in slot.put(responder) }
            world.gateway.publish(table([backend.route("r1")]))
            async let reply = world.request("/production/predict", body: prompt(4000))
            let responder = try await slot.wait()
            #expect(tokens(world) == 0)
            responder.respond(#"{"usage":{"prompt_tokens":2000,"completion_tokens":10}}"#)
            _ = try await reply
            #expect(world.gateway.load()[published]?.tokenSeconds == 0)
        }
    }

    @Test("requests go to the replica with the fewest tokens, not the fewest requests")
    func choice() async throws {
        try await World.with { world in
            let responders = Slots<Responder>()
            let first = try await world.backend { _, responder in responders.put(responder) }
            let second = try await world.backend { _, responder in responders.put(responder) }
            world.gateway.publish(counting([first.route("r1"), second.route("r2")]))
            var clients: [RawClient] = []
            for (number, bytes) in [8000, 400, 400, 400, 400].enumerated() {
                let client = try await RawClient.connect(world)
                let body = String(buffer: prompt(bytes))
                client.send(rawHead("Content-Length: \(body.utf8.count)") + body)
                clients.append(client)
                try await eventually("no request") { responders.values.count == number + 1 }
            }
            #expect(first.sightings.requests.count == 1)
            #expect(second.sightings.requests.count == 4)
            #expect(tokens(world) == 2400)
            for responder in responders.values { responder.respond("done") }
            for client in clients { try await client.expect("done") }
            try await eventually("tokens are left") { tokens(world) == 0 }
        }
    }

    @Test("held requests count; those that leave or are refused leave nothing behind")
    func held() async throws {
        try await World.with(configure: { $0.maxBodyBytes = 100_000 }) { world in
            world.gateway.publish(counting([]))
            let client = try await RawClient.connect(world)
            let body = String(buffer: prompt(4000))
            client.send(rawHead("Content-Length: \(body.utf8.count)") + body)
            try await eventually("not counted") { tokens(world) == 1000 }
            // A body that grows too large on its way.
            let other = try await RawClient.connect(world)
            other.send(rawHead("Transfer-Encoding: chunked") + "a\r\n{\"prompt\":\r\n")
            try await eventually("not begun") { world.gateway.load()[published]?.inFlight == 2 }
            other.send("20000\r\n\"" + String(repeating: "a", count: 0x20000 - 1) + "\r\n")
            try await other.expect("413")
            try await client.close()
            try await eventually("not ended") { world.gateway.load()[published]?.inFlight == 0 }
            #expect(tokens(world) == 0)
        }
    }

    @Test("a held request takes its tokens along to the deployment that takes over")
    func moves() async throws {
        try await World.with { world in
            let slot = Slot<Responder>()
            let backend = try await world.backend { _, responder in slot.put(responder) }
            world.gateway.publish(counting([]))
            async let reply = world.request("/production/predict", body: prompt(4000))
            try await eventually("not counted") { tokens(world) == 1000 }
            var next = table([backend.route("r2")], production: candidate)
            next.edit(candidate) { $0.targetInFlightTokens = 1000 }
            world.gateway.publish(next)
            let responder = try await slot.wait()
            #expect(tokens(world) == 0)
            #expect(world.gateway.load()[candidate]?.tokens == 1000)
            responder.respond("done")
            #expect(try await reply.text == "done")
            try await eventually("tokens are left") { world.gateway.load()[candidate]?.tokens == 0 }
        }
    }

    @Test("a request that goes on at another replica, and answers without sense, leave nothing behind")
    func failures() async throws {
        try await World.with { world in
            let gone = try await world.backend()
            let route = gone.route("r1")
            try await gone.stop()
            let odd =
                "data: {\"usage\":{\"prompt_tokens\":99999999999999999999}}\n\ndata: {\"usage\":[[[{{{\n\n\u{0}"
            let backend = try await world.backend { _, responder in responder.respond(odd) }
            world.gateway.publish(counting([route, backend.route("r2")]))
            for _ in 0..<3 {
                let reply = try await world.request("/production/predict", body: prompt(4000))
                #expect(reply.text == odd)
            }
            try await eventually("tokens are left") { tokens(world) == 0 }
        }
    }

    @Test("token-seconds are the area below the number of tokens, also of very many")
    func area() {
        let second: UInt64 = 1_000_000_000
        let book = LoadBook(shared: SharedLoad())
        book.add(tokens: 10, at: second)
        book.add(tokens: 20, at: 2 * second)
        book.add(tokens: -30, at: 4 * second)
        #expect(book.read(at: 9 * second) { $0.tokenSeconds } == 70)
        for _ in 0..<10_000 { book.add(tokens: TokenUsage.maxTokens, at: 9 * second) }
        #expect(book.read(at: 9 * second + 1000 * 3600 * second) { $0.tokenSeconds } > 1e17)
    }
}
