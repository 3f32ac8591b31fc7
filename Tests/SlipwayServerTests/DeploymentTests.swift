import SlipwayAPI
import SlipwayTestSupport
import Testing

@Suite("Models, deployments and environments")
struct DeploymentTests {
    @Test("models and deployments are listed and read in the contract's documents")
    func reading() async throws {
        try await TestServer.run { server in
            let made = try await server.push("echo")
            let id = made.model.id
            let models: ModelsV1 = try await server.call("GET", "/v1/models").document()
            #expect(models.models.map(\.id) == [id])
            let deployments: DeploymentsV1 = try await server.call("GET", "/v1/models/\(id)/deployments")
                .document()
            #expect(deployments.deployments.map(\.name) == ["deployment-1"])
            let filtered: DeploymentsV1 = try await server.call(
                "GET", "/v1/models/\(id)/deployments?name=other"
            ).document()
            #expect(filtered.deployments.isEmpty)
            let environments: EnvironmentsV1 = try await server.call("GET", "/v1/models/\(id)/environments")
                .document()
            #expect(environments.environments.map(\.name) == ["production"])
            // Members without a value are written as null, not left out.
            guard case .object(let members) = try await server.call("GET", "/v1/models/\(id)").json() else {
                Issue.record("not an object")
                return
            }
            #expect(members["development_deployment_id"] == .null)
            for path in ["/deployments/development", "/deployments/none", "/environments/qa"] {
                #expect(try await server.call("GET", "/v1/models/\(id)" + path).status == 404)
            }
        }
    }

    @Test("promoting the development deployment answers with a new one that is building")
    func promoteDevelopment() async throws {
        try await TestServer.run { server in
            let made = try await server.push("echo", ["is_development": true])
            try await server.wait(for: .active, of: made.deployment)
            let path = "/v1/models/\(made.model.id)/deployments/development/promote"
            let reply = try await server.call("POST", path, [:])
            #expect(reply.status == 200, "\(reply.text)")
            let promoted: DeploymentV1 = try reply.document()
            #expect(promoted.id != made.deployment.id)
            #expect(promoted.status == .building)
            #expect(!promoted.isDevelopment)
            #expect(!promoted.isProduction)
            try await server.poll("/v1/models/\(made.model.id)/deployments/\(promoted.id)") {
                (deployment: DeploymentV1) in deployment.isProduction && deployment.status == .active
            }
            let environment: EnvironmentV1 = try await server.call(
                "GET", "/v1/models/\(made.model.id)/environments/production"
            ).document()
            #expect(environment.currentDeployment?.id == promoted.id)
        }
    }

    @Test(
        "no body, null and an empty object all mean the defaults of a promotion",
        arguments: ["", "null", "{}", " \r\n"])
    func promoteBodies(body: String) async throws {
        try await TestServer.run { server in
            let made = try await server.push("echo", ["is_development": true])
            let reply = try await server.client.send(
                "POST", "/v1/models/\(made.model.id)/deployments/development/promote", key: server.adminKey,
                headers: [("Content-Type", "application/x-www-form-urlencoded")], body: Array(body.utf8))
            #expect(reply.status == 200, "\(reply.text)")
        }
    }

    @Test("promoting a published deployment answers with the same one")
    func promotePublished() async throws {
        try await TestServer.run { server in
            let first = try await server.push("echo")
            try await server.waitForProduction(first.deployment)
            let second = try await server.push("echo")
            try await server.wait(for: .active, of: second.deployment)
            let promoted: DeploymentV1 = try await server.call(
                "POST", "/v1/models/\(first.model.id)/deployments/\(second.deployment.id)/promote",
                ["scale_down_previous_production": false]
            ).document()
            #expect(promoted.id == second.deployment.id)
            try await server.poll("/v1/models/\(first.model.id)/deployments/production") {
                (deployment: DeploymentV1) in deployment.id == promoted.id
            }
        }
    }

    @Test("bad promotions are refused with the code of the table")
    func badPromotions() async throws {
        try await TestServer.run { server in
            let made = try await server.push("echo")
            try await server.waitForProduction(made.deployment)
            let (model, id) = (made.model.id, made.deployment.id)
            let cases: [(String, String, Int)] = [
                ("/v1/models/none/deployments/development/promote", "{}", 404),
                ("/v1/models/\(model)/deployments/development/promote", "{}", 404),
                ("/v1/models/\(model)/deployments/none/promote", "{}", 404),
                ("/v1/models/\(model)/deployments/\(id)/promote", "[]", 400),
                ("/v1/models/\(model)/deployments/\(id)/promote", "{", 400),
                ("/v1/models/\(model)/deployments/\(id)/promote", "text", 400),
                (
                    "/v1/models/\(model)/deployments/\(id)/promote",
                    #"{"scale_down_previous_production":"yes"}"#, 400
                ),
                (
                    "/v1/models/\(model)/deployments/\(id)/promote", #"{"preserve_env_instance_type":1}"#, 400
                ),
                ("/v1/models/\(model)/environments/production/promote", "{}", 400),
                ("/v1/models/\(model)/environments/production/promote", #"{"deployment_id":7}"#, 400),
                ("/v1/models/\(model)/environments/production/promote", #"{"deployment_id":"none"}"#, 404),
                ("/v1/models/\(model)/environments/staging/promote", #"{"deployment_id":"\#(id)"}"#, 404),
                ("/v1/models/\(model)/environments/development/promote", #"{"deployment_id":"\#(id)"}"#, 400),
                ("/v1/models/\(model)/environments/production/cancel_promotion", "", 400),
            ]
            for (path, body, status) in cases {
                let reply = try await server.client.send(
                    "POST", path, key: server.adminKey, body: Array(body.utf8))
                #expect(reply.status == status, "\(path) \(body): \(reply.text)")
                let error: ErrorV1 = try reply.document()
                #expect(error.code == (status == 404 ? "NOT_FOUND" : "VALIDATION_ERROR"))
                #expect(!error.message.isEmpty)
            }
        }
    }

    @Test("deactivate, activate, retry, rename and delete answer their documents")
    func commands() async throws {
        try await TestServer.run { server in
            let first = try await server.push("echo")
            try await server.waitForProduction(first.deployment)
            let second = try await server.push("echo")
            try await server.wait(for: .active, of: second.deployment)
            let base = "/v1/models/\(first.model.id)/deployments/\(second.deployment.id)"
            #expect(
                try await server.call("POST", base + "/deactivate").document(DeactivateResponseV1.self)
                    .success)
            try await server.wait(for: .inactive, of: second.deployment)
            #expect(
                try await server.call("POST", base + "/activate").document(ActivateResponseV1.self).success)
            try await server.wait(for: .active, of: second.deployment)
            let retry: RetryDeploymentResponseV1 = try await server.call("POST", base + "/retry").document()
            #expect(!retry.retried)
            #expect(retry.reason != nil)
            let renamed: DeploymentV1 = try await server.call("PATCH", base, ["name": "blue"]).document()
            #expect(renamed.name == "blue")
            #expect(try await server.call("PATCH", base, ["name": "a b"]).status == 400)
            #expect(try await server.call("PATCH", base, ["names": "x"]).status == 400)
            let gone: DeploymentTombstoneV1 = try await server.call("DELETE", base).document()
            #expect(
                gone
                    == DeploymentTombstoneV1(id: second.deployment.id, deleted: true, modelID: first.model.id)
            )
            #expect(try await server.call("GET", base).status == 404)
            let model: ModelTombstoneV1 = try await server.call("DELETE", "/v1/models/\(first.model.id)")
                .document()
            #expect(model.deleted)
            #expect(try await server.call("GET", "/v1/models/\(first.model.id)").status == 404)
        }
    }

    @Test("a failed build shows, and retry starts it again")
    func failedBuild() async throws {
        try await TestServer.run { server in
            let made = try await server.push(ScriptedEngine.unbuildable)
            try await server.wait(for: .buildFailed, of: made.deployment)
            let base = "/v1/models/\(made.model.id)/deployments/\(made.deployment.id)"
            #expect(try await server.call("POST", base + "/promote").status == 400)
            let retry: RetryDeploymentResponseV1 = try await server.call("POST", base + "/retry").document()
            #expect(retry.retried)
        }
    }

    @Test("environments start, stop and show their promotion")
    func environments() async throws {
        try await TestServer.run { server in
            let made = try await server.push("echo")
            let base = "/v1/models/\(made.model.id)/environments/production"
            let active: EnvironmentV1 = try await server.poll(base) {
                $0.currentDeployment?.status == .active
            }
            #expect(active.inProgressPromotion?.status == .succeeded)
            #expect(active.inProgressPromotion?.percentTrafficToNewVersion == 100)
            #expect(active.promotionSettings.rollingDeploy == false)
            #expect(try await server.call("POST", base + "/deactivate").status == 200)
            try await server.wait(for: .inactive, of: made.deployment)
            #expect(try await server.call("POST", base + "/activate").status == 200)
            try await server.wait(for: .active, of: made.deployment)
        }
    }
}
