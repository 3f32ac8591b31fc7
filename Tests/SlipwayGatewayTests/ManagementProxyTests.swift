import Foundation
import NIOCore
import NIOHTTP1
import SlipwayCore
import Testing

@testable import SlipwayGateway

struct ManagementProxyTests {
    private func management(
        _ world: World, runs moment: Backend.Moment = .atEnd,
        _ script: @escaping Backend.Script = Backend.echo
    ) async throws -> Backend {
        try await Backend.start(on: world.group, socketPath: world.socketPath, runs: moment, script: script)
    }

    @Test("hosts that are no model reach the management server as they are")
    func passesOn() async throws {
        try await World.with { world in
            let server = try await management(world)
            for host in ["api.localhost", "localhost:8000", "s3.localhost", "bucket.s3.localhost"] {
                let reply = try await world.request(
                    "/v1/models?x=%2F", host: host, method: .PATCH,
                    headers: ["X-Forwarded-For": "6.6.6.6", "X-Baseten-Thing": "kept"],
                    body: ByteBuffer(string: host))
                #expect(reply.text == host)
                #expect(!reply.headers.contains(name: "x-baseten-request-id"))
            }
            let seen = try #require(server.sightings.requests.first)
            #expect(seen.head.uri == "/v1/models?x=%2F")
            #expect(seen.head.method == .PATCH)
            #expect(seen.head.headers["host"] == ["api.localhost"])
            #expect(seen.head.headers["authorization"] == ["Api-Key \(key)"])
            #expect(seen.head.headers["x-baseten-thing"] == ["kept"])
            #expect(seen.head.headers["x-forwarded-for"] == ["127.0.0.1"])
            #expect(seen.head.headers["x-forwarded-proto"] == ["http"])
        }
    }

    @Test("a body of 20 MB passes, whatever the limit of predictions")
    func largeBody() async throws {
        try await World.with(configure: { $0.maxBodyBytes = 1000 }) { world in
            let server = try await management(world)
            let bytes = ByteBuffer(repeating: 7, count: 20 * 1024 * 1024)
            let reply = try await world.request(
                "/bucket/key", host: "s3.localhost", method: .PUT, body: bytes)
            #expect(reply.body == bytes)
            #expect(server.sightings.bodyBytes == bytes.readableBytes)
        }
    }

    @Test("Expect: 100-continue is answered, and a chunked body stays chunked")
    func expectContinue() async throws {
        try await World.with { world in
            let server = try await management(world)
            let raw = try await RawClient.connect(world)
            raw.send(
                "PUT /b/k HTTP/1.1\r\nHost: s3.localhost\r\nExpect: 100-continue\r\n"
                    + "Transfer-Encoding: chunked\r\n\r\n")
            try await raw.expect("HTTP/1.1 100 Continue\r\n\r\n")
            raw.send("5\r\nhello\r\n0\r\n\r\n")
            try await raw.expect("\r\n\r\nhello")
            let seen = try #require(server.sightings.requests.first)
            #expect(seen.head.headers["transfer-encoding"] == ["chunked"])
            #expect(!seen.head.headers.contains(name: "expect"))
        }
    }

    @Test("an answer before the end of the upload reaches the client, and the rest is not waited for")
    func earlyAnswer() async throws {
        try await World.with { world in
            _ = try await management(world, runs: .atHead) { _, responder in
                responder.respond(.forbidden, [:], body: ByteBuffer(string: "no"))
            }
            let raw = try await RawClient.connect(world)
            raw.send("PUT /b/k HTTP/1.1\r\nHost: s3.localhost\r\nContent-Length: 1000000\r\n\r\nabc")
            try await raw.expect("HTTP/1.1 403")
            raw.send(ByteBuffer(repeating: 120, count: 999_997))
            try await raw.expectClose()
        }
    }

    @Test("a management server that is not there is told as 502")
    func unreachable() async throws {
        try await World.with { world in
            let reply = try await world.request("/v1/models", host: "api.localhost", method: .GET)
            #expect(reply.status == 502)
            #expect(reply.error["code"] == "INTERNAL_ERROR")
            #expect(reply.error["message"]?.isEmpty == false)
        }
    }

    @Test("one connection may alternate between management and models")
    func alternates() async throws {
        try await World.with { world in
            _ = try await management(world) { _, responder in responder.respond("management") }
            let replica = try await world.backend { _, responder in responder.respond("model") }
            world.gateway.publish(table([replica.route("r1")]))
            let raw = try await RawClient.connect(world)
            for round in 1...3 {
                raw.send("GET /v1/models HTTP/1.1\r\nHost: api.localhost\r\n\r\n")
                try await eventually("no management answer") { raw.received.count(of: "management") == round }
                raw.send(rawHead("Content-Length: 0"))
                try await eventually("no model answer") { raw.received.count(of: "\r\n\r\nmodel") == round }
            }
            #expect(raw.isConnected)
        }
    }
}

extension String {
    func count(of part: String) -> Int { components(separatedBy: part).count - 1 }
}
