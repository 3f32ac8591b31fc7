import NIOCore
import NIOHTTP1
import SlipwayCore
import Testing

@testable import SlipwayGateway

struct AdmissionTests {
    struct Row: Sendable, CustomTestStringConvertible {
        var path = "/production/predict"
        var host = "model-abc12345.localhost"
        var method = HTTPMethod.POST
        var authorization: String? = "Api-Key \(key)"
        var status: Int
        var code: String
        var testDescription: String { "\(method) \(host)\(path) \(authorization ?? "-") \(status)" }
    }

    static let rows: [Row] = [
        Row(authorization: nil, status: 401, code: "unauthorized"),
        Row(authorization: "Api-Key wrong.key", status: 401, code: "unauthorized"),
        Row(authorization: "Basic \(key)", status: 401, code: "unauthorized"),
        Row(authorization: key, status: 401, code: "unauthorized"),
        Row(authorization: "Api-Key ", status: 401, code: "unauthorized"),
        Row(host: "model-unknown1.localhost", authorization: nil, status: 401, code: "unauthorized"),
        Row(path: "/nothing", authorization: nil, status: 401, code: "unauthorized"),
        Row(host: "model-unknown1.localhost", status: 404, code: "model_does_not_exist"),
        Row(path: "/deployment/nope/predict", status: 404, code: "model_does_not_exist"),
        Row(path: "/environments/nope/predict", status: 404, code: "model_does_not_exist"),
        Row(path: "/environments/empty/predict", status: 404, code: "model_does_not_exist"),
        Row(path: "/development/predict", status: 404, code: "model_does_not_exist"),
        Row(path: "/predict", host: "model-abc12345-nope.x", status: 404, code: "model_does_not_exist"),
        Row(authorization: "Bearer \(foreignKey)", status: 403, code: "unauthorized"),
        Row(path: "/nothing", status: 404, code: "client_error"),
        Row(method: .GET, status: 405, code: "client_error"),
        Row(path: "/production/wake", method: .GET, status: 405, code: "client_error"),
        Row(path: "/production/run_remote", status: 501, code: "client_error"),
        Row(path: "/production/predict", host: "model-abc12345-staging.x", status: 400, code: "client_error"),
    ]

    @Test("an inference request that is not let in gets the documented error")
    func rejections() async throws {
        try await World.with { world in
            world.gateway.publish(table([]))
            for row in Self.rows {
                let reply = try await world.request(
                    row.path, host: row.host, method: row.method, authorization: row.authorization)
                #expect(reply.status == row.status, "\(row.testDescription)")
                #expect(reply.error["error_code"] == row.code, "\(row.testDescription)")
                #expect(reply.error["error"]?.isEmpty == false)
                #expect(reply.error["detail"] != nil)
                #expect(reply.headers.first(name: "x-baseten-request-id")?.utf8.count == 32)
            }
            #expect(world.observer.demands.isEmpty)
        }
    }

    @Test(
        "a key of each category may what its row in the table of access says",
        arguments: APIKeyCategory.allCases)
    func categories(_ category: APIKeyCategory) async throws {
        try await World.with { world in
            let backend = try await world.backend()
            var table = table([backend.route("r1")])
            table.set(APIKeyGrant(category: category), for: KeyDigest(keyText: "category.key"))
            world.gateway.publish(table)
            for kind in InferenceOperation.kinds where kind != .tunnel {
                let words = kind.name.split(separator: " ")
                let path = String(words[1]).replacing(AccessTable.target, with: "/production").replacing(
                    "{path}", with: "x")
                let method = HTTPMethod(rawValue: words[0] == "ANY" ? "PUT" : String(words[0]))
                let reply = try await world.request(
                    path, method: method, authorization: "Api-Key category.key")
                let rule = try #require(AccessTable.rows[kind.name])
                #expect(
                    (reply.status == 403) == !rule.admits(category, .member), "\(kind.name): \(reply.status)")
            }
        }
    }

    @Test("a bad key is told with the documented sentence")
    func sentence() async throws {
        try await World.with { world in
            let reply = try await world.request("/production/predict", authorization: nil)
            #expect(reply.error["error"] == "please check the api-key you provided")
        }
    }

    @Test("both schemes are accepted in any case", arguments: ["Api-Key", "api-key", "Bearer", "BEARER"])
    func schemes(_ scheme: String) async throws {
        try await World.with { world in
            let backend = try await world.backend()
            world.gateway.publish(table([backend.route("r1")]))
            let reply = try await world.request("/production/predict", authorization: "\(scheme) \(key)")
            #expect(reply.status == 200)
        }
    }

    @Test("a refused deployment answers with the error of its route")
    func refused() async throws {
        try await World.with { world in
            let error = PlatformError(
                status: 500, code: "model_unavailable", message: "Model is \"unhealthy\"")
            world.gateway.publish(table([], availability: .refused(error)))
            let reply = try await world.request("/production/predict")
            #expect(reply.status == 500)
            #expect(reply.error["error"] == error.message)
            #expect(reply.error["error_code"] == error.code)
            #expect(world.observer.logs.map(\.level) == [.warning])
        }
    }

    @Test("a body beyond the limit is refused by its length, and when its chunks pass the limit")
    func bodyTooLarge() async throws {
        try await World.with(configure: { $0.maxBodyBytes = 1000 }) { world in
            let backend = try await world.backend()
            world.gateway.publish(table([backend.route("r1")]))
            let reply = try await world.request(
                "/production/predict", body: ByteBuffer(repeating: 120, count: 1001))
            #expect(reply.status == 413)
            #expect(reply.error["error_code"] == "payload_too_large")
            let fits = try await world.request(
                "/production/predict", body: ByteBuffer(repeating: 120, count: 1000))
            #expect(fits.status == 200)

            let raw = try await RawClient.connect(world)
            raw.send(rawHead("Transfer-Encoding: chunked"))
            raw.send("200\r\n\(String(repeating: "x", count: 512))\r\n")
            raw.send("200\r\n\(String(repeating: "x", count: 512))\r\n")
            try await raw.expect("HTTP/1.1 413")
            raw.send("0\r\n\r\n")
            try await raw.expectClose()
        }
    }

    @Test("a wake call is accepted at once, counts as activity and asks for a replica")
    func wake() async throws {
        try await World.with { world in
            world.gateway.publish(table([]))
            let reply = try await world.request("/production/wake", body: ByteBuffer(string: "{}"))
            #expect(reply.status == 202)
            #expect(reply.body.readableBytes == 0)
            #expect(world.observer.demands == [published])
            let load = try #require(world.gateway.load()[published])
            #expect(load.inFlight == 0)
            #expect(load.lastActivity != nil)
            let asking = try await world.request(
                "/production/wake", body: ByteBuffer(string: #"{"replicas":2}"#))
            #expect(asking.status == 400 && String(buffer: asking.body).contains("a body"))
            #expect(world.observer.demands == [published])
        }
    }

    @Test("the inference listener serves models and answers 404 to all else")
    func inferenceListener() async throws {
        try await World.with { world in
            let backend = try await world.backend()
            world.gateway.publish(table([backend.route("r1")]))
            let port = world.inferencePort
            #expect(try await world.request("/production/predict", port: port).status == 200)
            let byPath = try await world.request(
                "/model/abc12345/production/predict", host: "localhost", port: port)
            #expect(byPath.status == 200)
            let other = try await world.request("/v1/models", host: "api.localhost", method: .GET, port: port)
            #expect(other.status == 404)
        }
    }
}

/// The head of a prediction as raw text, with more header lines.
func rawHead(_ lines: String..., path: String = "/production/predict") -> String {
    (["POST \(path) HTTP/1.1", "Host: model-abc12345.localhost", "Authorization: Api-Key \(key)"] + lines)
        .joined(separator: "\r\n") + "\r\n\r\n"
}
