import SlipwayAPI
import Testing

@Suite("Secrets, keys, users, teams and instance types")
struct AccessTests {
    @Test("secrets are written, listed by name and deleted; values never come back")
    func secrets() async throws {
        try await TestServer.run { server in
            let made = try await server.call(
                "POST", "/v1/secrets", ["name": "hf_token", "value": "s3cr3t-value"])
            #expect(made.status == 200, "\(made.text)")
            let secret: SecretV1 = try made.document()
            #expect(secret.name == "hf_token")
            #expect(secret.teamName == "default")
            let again: SecretV1 = try await server.call(
                "POST", "/v1/secrets", ["name": "hf_token", "value": "other"]
            ).document()
            #expect(again.id == secret.id)
            let list = try await server.call("GET", "/v1/secrets")
            #expect(try list.document(SecretsV1.self).secrets.map(\.name) == ["hf_token"])
            #expect(!list.text.contains("s3cr3t-value") && !made.text.contains("s3cr3t-value"))
            let gone: SecretTombstoneV1 = try await server.call("DELETE", "/v1/secrets/hf_token").document()
            #expect(gone.name == "hf_token")
            #expect(try await server.call("DELETE", "/v1/secrets/hf_token").status == 404)
        }
    }

    @Test("secrets of a team are reached under the team")
    func teamSecrets() async throws {
        try await TestServer.run { server in
            let teams: TeamsV1 = try await server.call("GET", "/v1/teams").document()
            let team = try #require(teams.teams.first)
            #expect(team.default)
            let base = "/v1/teams/\(team.id)/secrets"
            #expect(try await server.call("POST", base, ["name": "a", "value": "b"]).status == 200)
            let listed: SecretsV1 = try await server.call("GET", base).document()
            #expect(listed.secrets.count == 1)
            #expect(try await server.call("GET", "/v1/teams/none/secrets").status == 404)
            let one: TeamV1 = try await server.call("GET", "/v1/teams/\(team.id)").document()
            #expect(one == team)
        }
    }

    @Test(
        "bad secrets are refused without repeating the value",
        arguments: [
            #"{"name":"a/b","value":"hidden-value"}"#, #"{"name":"","value":"hidden-value"}"#,
            #"{"value":"hidden-value"}"#, #"{"name":"a"}"#, #"{"name":"a","value":7}"#,
            #"{"name":7,"value":"hidden-value"}"#, #"["hidden-value"]"#,
            #"{"name":"a","value":"hidden-value""#,
        ])
    func badSecrets(body: String) async throws {
        try await TestServer.run { server in
            let reply = try await server.client.send(
                "POST", "/v1/secrets", key: server.adminKey, body: Array(body.utf8))
            #expect(reply.status == 400)
            #expect(try reply.document(ErrorV1.self).code == "VALIDATION_ERROR")
            #expect(!reply.text.contains("hidden-value"))
        }
    }

    @Test("keys are made once, listed by prefix and deleted")
    func keys() async throws {
        try await TestServer.run { server in
            let made: APIKeyV1 = try await server.call(
                "POST", "/v1/api_keys", ["name": "ci", "type": "WORKSPACE_MANAGE_ALL"]
            ).document()
            let prefix = try #require(made.apiKey.split(separator: ".").first.map { String($0) })
            let list = try await server.call("GET", "/v1/api_keys")
            let keys: APIKeysV1 = try list.document()
            let info = try #require(keys.keys.first { $0.prefix == prefix })
            #expect(info.name == "ci")
            #expect(info.type == .workspaceManageAll)
            #expect(!list.text.contains(made.apiKey))
            let gone: APIKeyTombstoneV1 = try await server.call("DELETE", "/v1/api_keys/\(prefix)").document()
            #expect(gone.prefix == prefix)
            #expect(try await server.call("GET", "/v1/models", key: made.apiKey).status == 401)
            #expect(try await server.call("DELETE", "/v1/api_keys/\(prefix)").status == 404)
        }
    }

    @Test("a key can be limited to models that exist")
    func limitedKeys() async throws {
        try await TestServer.run { server in
            let made = try await server.push("echo")
            let good = try await server.call(
                "POST", "/v1/api_keys",
                ["type": "WORKSPACE_INVOKE", "model_ids": [.string(made.model.id)]])
            #expect(good.status == 200, "\(good.text)")
            let keys: APIKeysV1 = try await server.call("GET", "/v1/api_keys").document()
            #expect(keys.keys.contains { $0.modelIDs == [made.model.id] })
            for body: JSONValue in [
                ["type": "WORKSPACE_INVOKE", "model_ids": ["none"]],
                ["type": "PERSONAL", "model_ids": [.string(made.model.id)]],
                ["type": "SUPERUSER"], ["name": "x"], ["type": "PERSONAL", "name": "bell\u{7}"],
                ["type": "PERSONAL", "name": ""],
            ] {
                #expect(try await server.call("POST", "/v1/api_keys", body).status == 400, "\(body)")
            }
        }
    }

    @Test("a key may have any name people can read, once for each owner")
    func keyNames() async throws {
        try await TestServer.run { server in
            let body: JSONValue = ["type": "PERSONAL", "name": "CI of Ünsal's team (EU)_1"]
            #expect(try await server.call("POST", "/v1/api_keys", body).status == 200)
            let again = try await server.call("POST", "/v1/api_keys", body)
            #expect(again.status == 400 && again.text.contains("already"), "\(again.text)")
            let made = try await server.call("POST", "/v1/users", ["email": "ada@example.com"])
            let ada = try made.document(CreatedUserV1.self).apiKey
            #expect(try await server.call("POST", "/v1/api_keys", body, key: ada).status == 200)
            let unnamed: JSONValue = ["type": "PERSONAL"]
            for _ in 0..<2 { #expect(try await server.call("POST", "/v1/api_keys", unnamed).status == 200) }
        }
    }

    @Test("users are read one by one, page by page, and as me")
    func users() async throws {
        try await TestServer.run { server in
            let me: UserInfoV1 = try await server.call("GET", "/v1/users/me").document()
            #expect(me.workspaceName != nil)
            let page: UsersResponseV1 = try await server.call("GET", "/v1/users?limit=1").document()
            #expect(page.items == [me])
            #expect(!page.pagination.hasMore)
            let next: UsersResponseV1 = try await server.call("GET", "/v1/users?cursor=\(me.userID)")
                .document()
            #expect(next.items.isEmpty)
            let one: UserInfoV1 = try await server.call("GET", "/v1/users/\(me.userID)").document()
            #expect(one == me)
            #expect(try await server.call("GET", "/v1/users/none").status == 404)
            for limit in ["0", "1001", "x", ""] {
                #expect(try await server.call("GET", "/v1/users?limit=\(limit)").status == 400)
            }
        }
    }

    @Test("instance types cost nothing on one's own machines")
    func instanceTypes() async throws {
        try await TestServer.run { server in
            let types: InstanceTypesV1 = try await server.call("GET", "/v1/instance_types").document()
            #expect(types.instanceTypes.contains { $0.id == "1x2" && $0.memoryLimitMiB == 2048 })
            let prices: InstanceTypePricesV1 = try await server.call("GET", "/v1/instance_type_prices")
                .document()
            #expect(prices.instanceTypes.map(\.instanceType) == types.instanceTypes)
            #expect(prices.instanceTypes.allSatisfy { $0.price == 0 })
        }
    }
}
