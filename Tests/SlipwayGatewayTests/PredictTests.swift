import NIOCore
import NIOHTTP1
import SlipwayCore
import Testing

@testable import SlipwayGateway

struct PredictTests {
    @Test("a JSON prediction reaches the model's predict path and its answer comes back unchanged")
    func json() async throws {
        try await World.with { world in
            let backend = try await world.backend { request, responder in
                responder.respond(
                    .init(statusCode: 418), ["Content-Type": "application/json", "X-Model": "mine"],
                    body: request.body)
            }
            world.gateway.publish(table([backend.route("r1")]))
            let reply = try await world.request(
                "/production/predict?x=1", headers: ["Content-Type": "application/json"],
                body: ByteBuffer(string: #"{"prompt":"hé"}"#))
            #expect(reply.status == 418)
            #expect(reply.text == #"{"prompt":"hé"}"#)
            #expect(reply.headers["x-model"] == ["mine"])
            let seen = try #require(backend.sightings.requests.first)
            #expect(seen.head.uri == "/v1/models/model:predict?x=1")
            #expect(seen.head.method == .POST)
            #expect(world.gateway.inFlight(replica: ReplicaID("r1")) == 0)
            #expect(world.gateway.load()[published]?.inFlight == 0)
        }
    }

    @Test("a binary body of several megabytes comes back byte for byte")
    func binary() async throws {
        try await World.with { world in
            let backend = try await world.backend()
            world.gateway.publish(table([backend.route("r1")]))
            var generator = SystemRandomNumberGenerator()
            let bytes = ByteBuffer(
                bytes: (0..<5_000_000).map { _ in UInt8.random(in: 0...255, using: &generator) })
            let reply = try await world.request(
                "/deployment/dep1111/predict", headers: ["Content-Type": "application/octet-stream"],
                body: bytes)
            #expect(reply.status == 200)
            #expect(reply.body == bytes)
        }
    }

    @Test("sync passes method, path, query and body to the model's own routes")
    func sync() async throws {
        try await World.with { world in
            let backend = try await world.backend()
            world.gateway.publish(table([backend.route("r1")]))
            let reply = try await world.request(
                "/environments/staging/sync/v1/items/a%20b?limit=1", method: .PUT,
                body: ByteBuffer(string: "data"))
            #expect(reply.text == "data")
            _ = try await world.request("/sync/health", host: "model-abc12345-staging.x", method: .GET)
            let seen = backend.sightings.requests.map { "\($0.head.method) \($0.head.uri)" }
            #expect(seen == ["PUT /v1/items/a%20b?limit=1", "GET /health"])
        }
    }

    @Test("HEAD, 204 and empty answers leave the connection usable")
    func bodiless() async throws {
        try await World.with { world in
            let backend = try await world.backend { request, responder in
                switch request.head.uri {
                case "/nothing":
                    responder.head(.noContent)
                    responder.end()
                default:
                    responder.head(.ok, ["Content-Length": "5"])
                    if request.head.method != .HEAD { responder.chunk("hello") }
                    responder.end()
                }
            }
            world.gateway.publish(table([backend.route("r1")]))
            let raw = try await RawClient.connect(world)
            let lines = "Host: model-abc12345.x\r\nAuthorization: Bearer \(key)\r\n\r\n"
            raw.send("HEAD /production/sync/x HTTP/1.1\r\n\(lines)")
            try await raw.expect("Content-Length: 5")
            raw.send("GET /production/sync/nothing HTTP/1.1\r\n\(lines)")
            try await raw.expect("HTTP/1.1 204")
            raw.send("GET /production/sync/x HTTP/1.1\r\n\(lines)")
            try await raw.expect("\r\n\r\nhello")
            #expect(raw.isConnected)
            #expect(!raw.received.contains("chunked"))
        }
    }

    @Test("the request id is made by the gateway, sent to the replica and put on the answer")
    func requestID() async throws {
        try await World.with { world in
            let backend = try await world.backend()
            world.gateway.publish(table([backend.route("r1")]))
            let first = try await world.request(
                "/production/predict", headers: ["X-Baseten-Request-Id": "mine", "traceparent": "00-a-b-01"])
            let second = try await world.request("/production/predict")
            let ids = [first, second].map { $0.headers["x-baseten-request-id"] }
            #expect(ids == backend.sightings.requests.map { $0.head.headers["x-baseten-request-id"] })
            let id = try #require(ids[0].first)
            #expect(id.utf8.count == 32 && id.allSatisfy(\.isHexDigit))
            #expect(ids[0] != ids[1])
            #expect(backend.sightings.requests[0].head.headers["traceparent"] == ["00-a-b-01"])
        }
    }

    @Test("hop-by-hop headers, the key and platform headers do not pass the gateway")
    func headers() async throws {
        try await World.with { world in
            let backend = try await world.backend { _, responder in
                responder.respond(
                    .ok,
                    [
                        "Connection": "X-Hop", "X-Hop": "1", "Keep-Alive": "timeout=5", "X-End": "2",
                        "X-Baseten-Error-Source": "04", "X-Baseten-Model-Prediction-Attempts": "9",
                    ], body: ByteBuffer(string: "ok"))
            }
            world.gateway.publish(table([backend.route("r1")]))
            let reply = try await world.request(
                "/production/predict",
                headers: [
                    "Connection": "X-Mine, Content-Length, Host", "X-Mine": "1", "TE": "trailers",
                    "Proxy-Authorization": "x", "X-Baseten-Priority": "9", "X-Forwarded-For": "6.6.6.6",
                    "X-Slipway-No-Retry": "1", "X-Other": "kept",
                ], body: ByteBuffer(string: "body"))
            let seen = try #require(backend.sightings.requests.first)
            for name in [
                "connection", "x-mine", "te", "proxy-authorization", "x-baseten-priority", "authorization",
                "x-slipway-no-retry",
            ] {
                #expect(!seen.head.headers.contains(name: name), "\(name)")
            }
            #expect(seen.head.headers["x-other"] == ["kept"])
            #expect(seen.head.headers["host"] == ["model-abc12345.localhost"])
            #expect(seen.head.headers["x-forwarded-for"] == ["127.0.0.1"])
            #expect(String(buffer: seen.body) == "body")
            for name in ["x-hop", "keep-alive", "x-baseten-model-prediction-attempts"] {
                #expect(!reply.headers.contains(name: name), "\(name)")
            }
            #expect(reply.headers["x-end"] == ["2"])
            #expect(reply.headers["x-baseten-error-source"] == ["04"])
        }
    }

    @Test("a prediction without an answer in time ends with 504 and is cancelled at the replica")
    func predictTimeout() async throws {
        try await World.with(configure: { $0.predictTimeout = .milliseconds(200) }) { world in
            let backend = try await world.backend { _, _ in }
            world.gateway.publish(table([backend.route("r1")]))
            let reply = try await world.request("/production/predict")
            #expect(reply.status == 504)
            #expect(reply.error["error_code"] == "timeout")
            try await eventually("the prediction was not cancelled") {
                backend.sightings.openConnections == 0
            }
            let line = try #require(world.observer.logs.first)
            #expect(line.level == .warning)
            #expect(line.requestID == reply.headers.first(name: "x-baseten-request-id"))
            #expect(line.replica == ReplicaID("r1"))
            #expect(!line.message.contains(key))
        }
    }

    @Test("a timeout after the answer has begun closes the connection")
    func timeoutWhileStreaming() async throws {
        try await World.with(configure: { $0.predictTimeout = .seconds(2) }) { world in
            let backend = try await world.backend { _, responder in
                responder.head()
                responder.chunk("first")
            }
            world.gateway.publish(table([backend.route("r1")]))
            let raw = try await RawClient.connect(world)
            raw.send(rawHead("Content-Length: 0"))
            try await raw.expect("first")
            try await raw.expectClose()
            #expect(!raw.received.contains("\r\n0\r\n"))
            try await eventually("not cancelled") { backend.sightings.openConnections == 0 }
        }
    }
}
