import SlipwayAPI
import Testing

@testable import SlipwayServer

@Suite("Hosts, paths and methods")
struct RoutingTests {
    @Test(
        "the first host labels choose the site, whatever the port",
        arguments: [
            ("api.localhost:8000", Site.api), ("API.localhost", .api), ("api.example.com", .api),
            ("s3.localhost:8000", .uploads), ("slipway.s3.localhost:8000", .uploads),
            ("slipway.localhost", .app), ("localhost:8000", .app), ("localhost", .app), ("", .app),
            ("127.0.0.1:8000", .app), ("apis.localhost", .app), ("[::1]:8000", .app),
        ])
    func sites(host: String, site: Site) {
        #expect(Site(host: host, path: "/v1/models", bucket: "slipway") == site)
        let call = Site(host: host, path: "/model/abc/production/async_predict", bucket: "slipway")
        #expect(call == (site == .uploads ? .uploads : .inference))
    }

    @Test(
        "only a bare http or https URL is a public address",
        arguments: [
            "", "localhost:8000", "ftp://localhost", "http://", "http://host/path", "http://host?query",
            "http://user@host", "http://host#part",
        ])
    func badAddresses(url: String) {
        #expect(PublicAddress(url: url) == nil)
    }

    @Test("hosts hang below the public address")
    func addresses() throws {
        let address = try #require(PublicAddress(url: "http://localhost:8000/"))
        #expect(address.url == "http://localhost:8000")
        #expect(address.apiURL == "http://api.localhost:8000")
        #expect(address.modelURL("abc1d2ef") == "http://model-abc1d2ef.api.localhost:8000")
        #expect(
            PublicAddress(url: "https://models.example.com")?.uploadURL == "https://s3.models.example.com")
    }

    @Test("unknown paths are 404 in the management form, with a request id")
    func notFound() async throws {
        try await TestServer.run { server in
            for path in ["/v1/nothing", "/v1", "/v1/models/a/b/c/d", "/elsewhere"] {
                let reply = try await server.call("GET", path)
                #expect(reply.status == 404)
                #expect(try reply.document(ErrorV1.self).code == "NOT_FOUND")
                #expect(reply.headers["x-request-id"]?.isEmpty == false)
            }
        }
    }

    @Test("a known path with another method is 405 and names the possible ones")
    func methodNotAllowed() async throws {
        try await TestServer.run { server in
            for (method, path, allow) in [
                ("PUT", "/v1/models", "GET, POST"), ("POST", "/v1/models/m", "DELETE, GET, PATCH"),
                ("GET", "/v1/models/m/deployments/development/promote", "POST"),
                ("DELETE", "/v1/teams", "GET"), ("TRACE", "/v1/teams", "GET"), ("QUERY", "/v1/teams", "GET"),
            ] {
                let reply = try await server.call(method, path)
                #expect(reply.status == 405)
                #expect(reply.headers["allow"] == allow)
                #expect(try reply.document(ErrorV1.self).code == "METHOD_NOT_ALLOWED")
            }
        }
    }

    @Test("what the contract has and this version does not is 501")
    func notImplemented() async throws {
        try await TestServer.run { server in
            for operation in ContractOperation.all where operation.plane == .management && !operation.built {
                let reply = try await server.call(operation.method.rawValue, example(operation.path))
                #expect(reply.status == 501, "\(operation)")
                #expect(try reply.document(ErrorV1.self).code == "NOT_IMPLEMENTED")
            }
        }
    }

    @Test("every built operation of the contract has a route on both hosts")
    func built() async throws {
        try await TestServer.run { server in
            for operation in ContractOperation.all where operation.plane == .management && operation.built {
                for host in ["api.localhost:8000", "localhost:8000"] {
                    let reply = try await server.call(
                        operation.method.rawValue, example(operation.path), host: host)
                    #expect(![405, 500, 501].contains(reply.status), "\(operation) \(reply.text)")
                    if reply.status == 404 {
                        #expect(!reply.text.contains("There is nothing at"), "\(operation)")
                    }
                }
            }
        }
    }

    private func example(_ path: String) -> String {
        path.split(separator: "/").map { $0.hasPrefix("{") ? "unknown" : $0 }.reduce("") { $0 + "/" + $1 }
    }

    @Test("health and the contract need no key, on both hosts")
    func open() async throws {
        try await TestServer.run { server in
            for host in ["api.localhost:8000", "localhost:8000"] {
                let health = try await server.client.send("GET", "/healthz", host: host)
                #expect(health.status == 200)
                #expect(health.text == "ok\n")
                let contract = try await server.client.send("GET", "/openapi.json", host: host)
                guard case .object(let members) = try contract.json() else {
                    Issue.record("not an object")
                    return
                }
                #expect(members["openapi"] == "3.1.0")
                #expect(members["servers"] == [["url": "http://api.localhost:8000"]])
            }
        }
    }

    @Test("what a route outside the contract's table does not take is refused by name")
    func strangeParameters() async throws {
        try await TestServer.run { server in
            for (method, path) in [("GET", "/openapi.json"), ("GET", "/metrics"), ("POST", "/graphql")] {
                let refused = try await server.client.send(
                    method, path + "?strange=1", host: "localhost:8000", key: server.adminKey,
                    body: method == "POST" ? Array(#"{"query": "{ models { id } }"}"#.utf8) : nil)
                #expect(refused.status == 400 && refused.text.contains("strange"), "\(path): \(refused.text)")
            }
            for (key, status) in [("release-1", 200), (String(repeating: "x", count: 256), 400)] {
                let answer = try await server.client.send(
                    "POST", "/graphql", host: "localhost:8000", key: server.adminKey,
                    headers: [("Idempotency-Key", key)], body: Array(#"{"query": "{ models { id } }"}"#.utf8))
                #expect(answer.status == status, "\(answer.text)")
            }
        }
    }

    @Test("the app host has pages for people, and shows metrics to keys only")
    func index() async throws {
        try await TestServer.run { server in
            let index = try await server.client.send("GET", "/", host: "localhost:8000")
            #expect(index.status == 303 && index.headers["location"] == "/sign-in")
            let missing = try await server.client.send("GET", "/elsewhere", host: "localhost:8000")
            #expect(missing.status == 404)
            #expect(missing.headers["content-type"] == "text/html; charset=utf-8")
            #expect(missing.headers["content-security-policy"]?.contains("default-src 'none'") == true)
            let program = try await server.client.send(
                "GET", "//v1/nothing", host: "localhost:8000", key: server.adminKey)
            #expect(try program.document(ErrorV1.self).code == "NOT_FOUND")
            let metrics = try await server.client.send("GET", "/metrics", host: "localhost:8000")
            #expect(metrics.status == 401)
            let shown = try await server.client.send(
                "GET", "/metrics", host: "localhost:8000", key: server.adminKey)
            #expect(shown.status == 200 && shown.text.contains("# TYPE baseten_replicas_active gauge"))
        }
    }

    @Test("a body over the limit is 413, and 100 Continue is not sent for it")
    func tooLarge() async throws {
        try await TestServer.run { server in
            let body = [UInt8](repeating: UInt8(ascii: " "), count: RequestLimits.jsonBodyBytes + 1)
            let path = "/v1/secrets"
            let plain = try await server.client.send("POST", path, key: server.adminKey, body: body)
            #expect(plain.status == 413)
            #expect(try plain.document(ErrorV1.self).code == "PAYLOAD_TOO_LARGE")
            let held = try await server.client.send(
                "POST", path, key: server.adminKey, headers: [("Expect", "100-continue")], body: body)
            #expect(held.status == 413)
            #expect(!held.wasContinued)
        }
    }

    @Test("a held-back JSON body is invited")
    func continued() async throws {
        try await TestServer.run { server in
            let reply = try await server.client.send(
                "POST", "/v1/secrets", key: server.adminKey, headers: [("Expect", "100-continue")],
                body: Array(#"{"name":"token","value":"x"}"#.utf8))
            #expect(reply.wasContinued)
            #expect(reply.status == 200)
        }
    }
}
