// Operations and details of the contract, each with what it answers.

import Foundation
import SlipwayAPI
import SlipwayCore
import SlipwayStore
import SlipwayTestSupport
import Testing

@testable import SlipwayControl
@testable import SlipwayServer

@Suite("Answers of the contract")
struct ContractAnswersTests {
    @Test("the text of a config comes back as it was sent")
    func rawConfig() async throws {
        try await TestServer.run { server in
            let text = "# as I wrote it\nmodel_name:   one\n"
            let made = try await server.push("one", ["raw_config": .string(text)])
            let path = "/v1/models/\(made.model.id)/deployments/\(made.deployment.id)/config"
            let config: DeploymentConfigResponseV1 = try await server.call("GET", path).document()
            #expect(config.rawConfig == text)
            #expect(config.config?["model_name"] == "one")
        }
    }

    @Test("a model is renamed; its id stays, and two of a team have different names")
    func rename() async throws {
        try await TestServer.run { server in
            let one = try await server.push("one").model
            _ = try await server.push("two")
            let path = "/v1/models/\(one.id)"
            for body: JSONValue in [["name": "two"], ["name": ""], ["name": "a\u{1}"], ["names": "x"]] {
                #expect(try await server.call("PATCH", path, body).status == 400, "\(body)")
            }
            let renamed: ModelV1 = try await server.call("PATCH", path, ["name": "uno"]).document()
            #expect(renamed.id == one.id && renamed.name == "uno")
            #expect(try await server.call("GET", path).document(ModelV1.self).name == "uno")
            #expect(try await server.call("PATCH", path, [:]).document(ModelV1.self).name == "uno")
            #expect(try await server.call("PATCH", "/v1/models/none", ["name": "x"]).status == 404)
        }
    }

    @Test("models come page by page where a page is asked for, also when one of them goes meanwhile")
    func pagesOfModels() async throws {
        try await TestServer.run { server in
            var ids: [String] = []
            for name in ["one", "two", "three", "four", "five"] {
                ids.append(try await server.push(name).model.id)
            }
            let all: ModelsV1 = try await server.call("GET", "/v1/models").document()
            #expect(all.models.map(\.id) == ids && all.pagination == nil)
            #expect(try await !server.call("GET", "/v1/models").text.contains("pagination"))
            let team = try #require(try await server.control.teams().first).id
            for path in ["/v1/models", "/v1/teams/\(team)/models"] {
                let first: ModelsV1 = try await server.call("GET", "\(path)?limit=2").document()
                #expect(first.models.map(\.id) == Array(ids[..<2]) && first.pagination?.hasMore == true)
                let cursor = try #require(first.pagination?.cursor)
                let rest: ModelsV1 = try await server.call("GET", "\(path)?cursor=\(cursor)").document()
                #expect(rest.models.map(\.id) == Array(ids[2...]))
                #expect(rest.pagination == PaginationResponseV1(hasMore: false))
                let named = "\(path)?cursor=\(cursor)&name=five&limit=1"
                #expect(
                    try await server.call("GET", named).document(ModelsV1.self).models.map(\.id) == [ids[4]])
            }
            let last: ModelsV1 = try await server.call("GET", "/v1/models?limit=3").document()
            let cursor = try #require(last.pagination?.cursor)
            #expect(try await server.call("DELETE", "/v1/models/\(ids[2])").status == 200)
            let rest: ModelsV1 = try await server.call("GET", "/v1/models?cursor=\(cursor)").document()
            #expect(rest.models.map(\.id) == Array(ids[3...]))
            for bad in [
                "limit=0", "limit=1001", "limit=x", "cursor=", "cursor=x", "cursor=1", "cursor=x.y",
                "limit=2&limit=3",
                "cursor=99999999999999999999.a",
            ] {
                let refused = try await server.call("GET", "/v1/models?\(bad)")
                #expect(refused.status == 400 && refused.text.contains(bad.prefix { $0 != "=" }), "\(bad)")
            }
        }
    }

    @Test("there is one region, this machine")
    func regions() async throws {
        try await TestServer.run { server in
            let team = try #require(try await server.control.teams().first)
            for path in ["/v1/regions", "/v1/teams/\(team.id)/regions"] {
                let regions: RegionsV1 = try await server.call("GET", path).document()
                #expect(regions.regions == [RegionV1(slug: "local", displayName: "This machine")])
            }
            #expect(try await server.call("GET", "/v1/teams/none/regions").status == 404)
        }
    }

    @Test("a replica is ended by its id")
    func terminate() async throws {
        try await TestServer.run { server in
            let made = try await server.push("one")
            let active = try await server.wait(for: .active, of: made.deployment)
            let base = "/v1/models/\(active.modelID)/deployments/\(active.id)/replicas"
            #expect(try await server.call("DELETE", "\(base)/none").status == 404)
            let replica = try #require(await server.control.controller.replicas.values.first)
            let ended = try await server.call("DELETE", "\(base)/\(replica.id)")
            #expect(ended.status == 200, "\(ended.text)")
            #expect(try ended.document(TerminateReplicaResponseV1.self).success)
            #expect(try await server.call("DELETE", "\(base)/\(replica.id)").status == 404)
        }
    }

    @Test(
        "the audit log tells types of the contract alone; Slipway's own where they are asked for; no entry hides others"
    )
    func audit() async throws {
        try await TestServer.run { server in
            let made = try await server.push("one")
            let path = "/v1/models/\(made.model.id)"
            try await server.waitForProduction(made.deployment)
            #expect(
                try await server.call("PATCH", path + "/deployments/\(made.deployment.id)", ["name": "blue"])
                    .status == 200)
            #expect(try await server.call("PATCH", path, ["name": "uno"]).status == 200)
            try await server.store.write { db in
                try db.append(AuditEvent(at: Timestamp(microseconds: 1), type: "SECRET_UPDATED", data: "{"))
                try db.append(AuditEvent(at: Timestamp(microseconds: 2), type: "FROM_THE_FUTURE", data: "{}"))
            }
            func types(_ query: String) async throws -> [String] {
                let reply = try await server.call("GET", "/v1/audit_logs\(query)")
                #expect(reply.status == 200, "\(reply.text)")
                return try reply.document(ListAuditLogsResponseV1.self).items.map(\.eventType.rawValue)
            }
            let usual = try await types("")
            #expect(Set(usual) == ["MODEL_DEPLOYED", "MODEL_DEPLOYMENT_PROMOTED"], "\(usual)")
            #expect(
                try await types("?event_type_groups=SLIPWAY") == [
                    "MODEL_RENAMED", "MODEL_DEPLOYMENT_RENAMED",
                ])
        }
    }

    @Test("unknown paths below /v1 are 404 for a good key and 401 for none, however they are written")
    func unknownPaths() async throws {
        try await TestServer.run { server in
            for path in [
                "/v1/nothing", "//v1/nothing", "/v1//nothing", "/v1/models/a/b/c/d/", "/v1/%6Dodels", "/v1/",
                "/v1/gateway/endpoints", "/v1/users/auth/logout",
            ] {
                for method in ["GET", "POST", "DELETE"] {
                    let reply = try await server.call(method, path)
                    #expect([404, 405, 501].contains(reply.status), "\(method) \(path): \(reply.status)")
                    #expect(try reply.document(ErrorV1.self).code.isEmpty == false)
                    let none = try await server.client.send(method, path)
                    #expect(none.status == 401, "\(method) \(path): \(none.status)")
                }
            }
            for path in ["//v1/models", "/v1//models", "/v1/models/"] {
                #expect(try await server.call("GET", path).status == 200, "\(path)")
                #expect(try await server.client.send("GET", path).status == 401, "\(path)")
            }
        }
    }

    @Test("an asynchronous prediction takes an object, and says in the documented words that it is too large")
    func asyncInput() async throws {
        try await TestServer.run { server in
            let made = try await server.push("one", ["is_development": true])
            _ = try await server.wait(for: .active, of: made.deployment)
            // Until something was promoted, production is the development deployment.
            for target in ["development", "environments/development", "production"] {
                let path = "/model/\(made.model.id)/\(target)/async_predict"
                #expect(
                    try await server.call("POST", path, ["model_input": ["a": 1]]).status == 201, "\(path)")
                for input: JSONValue in [1, "x", [1], .null, true] {
                    let reply = try await server.call("POST", path, ["model_input": input])
                    #expect(reply.status == 400 && reply.text.contains("model_input"), "\(reply.text)")
                }
                let unknown = try await server.call("POST", path, ["model_input": [:], "webhook": "x"])
                #expect(unknown.status == 400 && unknown.text.contains("unknown member"), "\(unknown.text)")
            }
            let path = "/model/\(made.model.id)/production/async_predict"
            let text = #"{"model_input":{"a":""# + String(repeating: "x", count: 300_000) + #""}}"#
            let large = try await server.client.send(
                "POST", path, key: server.adminKey, body: Array(text.utf8))
            #expect(large.status == 413)
            let error: InferenceErrorV1 = try large.document()
            #expect(
                error.error == "payload size of \(text.utf8.count) bytes exceeds maximum size of 262144 bytes"
            )
            #expect(error.errorCode == .payloadTooLarge)
            let query = try await server.call(
                "GET", "/model/\(made.model.id)/production/async_queue_status?zzz=1")
            #expect(query.status == 400 && query.text.contains("zzz"))
        }
    }

    @Test("the output of a request says by its code whether to wait, to give up, or what the model said")
    func asyncOutput() async throws {
        try await TestServer.run { server in
            let made = try await server.push("one", ["is_development": true])
            let active = try await server.wait(for: .active, of: made.deployment)
            let model = ModelID(active.modelID)
            var request = AsyncRequest(
                id: "r1", modelID: model, deploymentID: DeploymentID(active.id), environment: nil,
                priority: 0,
                createdAt: server.control.now + .seconds(-10), maxTimeInQueue: 3600, retry: .init(),
                webhook: nil)
            func code() async throws -> InferenceErrorCode {
                let reply = try await server.call("GET", "/model/\(model)/async_request/r1/output")
                #expect(reply.status == 404)
                return try reply.document(InferenceErrorV1.self).errorCode
            }
            request.dueAt = server.control.now + .seconds(3600)
            try await server.store.write { [request] in try $0.insert(request, input: Data("{}".utf8)) }
            #expect(try await code() == .modelNotReady)
            request.begin(at: server.control.now)
            request.fail(AsyncError(code: .predictError, message: "boom"), at: server.control.now)
            try await server.store.write { [request] in try $0.update(request) }
            #expect(try await code() == .applicationError)
            let reply = try await server.call("GET", "/model/\(model)/async_request/r1/output")
            #expect(reply.text.contains("MODEL_PREDICT_ERROR boom"))
        }
    }

    @Test("an environment surges by 25 percent unless told otherwise")
    func surge() async throws {
        try await TestServer.run { server in
            let made = try await server.push("one")
            let reply = try await server.call(
                "POST", "/v1/models/\(made.model.id)/environments",
                ["name": "staging", "promotion_settings": ["rolling_deploy": true]])
            let environment: EnvironmentV1 = try reply.document()
            #expect(environment.promotionSettings.rollingDeployConfig?.maxSurgePercent == 25)
        }
    }
}
