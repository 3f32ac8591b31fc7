import SlipwayAPI
import Testing

@Suite("Authentication and rights")
struct AuthenticationTests {
    @Test(
        "a missing or unknown key is a 401 before anything else is looked at",
        arguments: [
            ("GET", "/v1/models"), ("GET", "/v1/nothing/here"), ("PUT", "/v1/models"),
            ("POST", "/v1/models/none/deployments/development/promote"), ("GET", "/v1/chains"),
        ])
    func unauthorized(method: String, path: String) async throws {
        try await TestServer.run { server in
            for key in [nil, "wrong.key", ""] {
                let reply = try await server.client.send(method, path, key: key)
                #expect(reply.status == 401)
                let error: ErrorV1 = try reply.document()
                #expect(error.code == "UNAUTHORIZED")
                #expect(error.error == "please check the api-key you provided")
                #expect(error.message == error.error)
            }
        }
    }

    @Test("Bearer and Api-Key are both accepted")
    func schemes() async throws {
        try await TestServer.run { server in
            let reply = try await server.client.send(
                "GET", "/v1/models", headers: [("Authorization", "Bearer \(server.adminKey)")])
            #expect(reply.status == 200)
        }
    }

    @Test("an invoke key reads its own user and nothing else")
    func invokeKey() async throws {
        try await TestServer.run { server in
            let made = try await server.call(
                "POST", "/v1/api_keys", ["name": "caller", "type": "WORKSPACE_INVOKE"])
            let key = try made.document(APIKeyV1.self).apiKey
            #expect(try await server.call("GET", "/v1/users/me", key: key).status == 200)
            for path in ["/v1/models", "/v1/api_keys", "/v1/secrets", "/v1/users"] {
                let reply = try await server.call("GET", path, key: key)
                #expect(reply.status == 403)
                #expect(try reply.document(ErrorV1.self).code == "FORBIDDEN")
                #expect(!reply.text.contains(key))
            }
            let graphql = try await server.call(
                "POST", "/graphql/", ["query": "{ organization { id } }"], key: key, host: "localhost:8000")
            #expect(graphql.status == 403)
        }
    }

    @Test("a key for managing keys manages keys only")
    func keyManagement() async throws {
        try await TestServer.run { server in
            let made = try await server.call(
                "POST", "/v1/api_keys", ["name": "keys", "type": "WORKSPACE_MANAGE_API_KEYS"])
            let key = try made.document(APIKeyV1.self).apiKey
            #expect(try await server.call("GET", "/v1/api_keys", key: key).status == 200)
            #expect(try await server.call("GET", "/v1/models", key: key).status == 403)
        }
    }
}
