import Foundation
import SlipwayAPI
import SlipwayTestSupport
import Testing

@Suite("Pushing over REST")
struct PushTests {
    @Test("a push makes a model whose first deployment becomes active and production")
    func firstPush() async throws {
        try await TestServer.run { server in
            let made = try await server.push("echo", ["labels": ["team": "blue", "run": 3]])
            #expect(made.model.name == "echo")
            #expect(made.deployment.modelID == made.model.id)
            let underWay: [DeploymentStatusV1] = [.building, .deploying, .loadingModel]
            #expect(underWay.contains(made.deployment.status) || made.deployment.status == .active)
            // Settings show once the deployment has been active, not before.
            #expect((made.deployment.autoscalingSettings == nil) == underWay.contains(made.deployment.status))
            #expect(made.deployment.labels == ["team": "blue", "run": 3])
            let path = "/v1/models/\(made.model.id)/deployments/\(made.deployment.id)"
            let active: DeploymentV1 = try await server.poll(path) {
                $0.status == .active && $0.activeReplicaCount == 1
            }
            #expect(active.autoscalingSettings?.maxReplica == 1)
            let production: DeploymentV1 = try await server.poll(path) { $0.isProduction }
            #expect(production.environment == "production")
        }
    }

    @Test("a second deployment is added under the model's id, and a development one takes its slot")
    func morePushes() async throws {
        try await TestServer.run { server in
            let first = try await server.push("echo")
            let key = try server.upload(Tar.truss(named: "echo"))
            for (isDevelopment, name) in [(false, "second"), (true, "development")] {
                var deployment: [String: JSONValue] = [
                    "config": ["model_name": "echo"], "is_development": .bool(isDevelopment),
                ]
                if !isDevelopment { deployment["deployment_name"] = .string(name) }
                let reply = try await server.call(
                    "POST", "/v1/models/\(first.model.id)/deployments",
                    ["source": ["s3_key": .string(key), "deployment": .object(deployment)]])
                #expect(reply.status == 200, "\(reply.text)")
                let made: CreatedModelDeploymentV1 = try reply.document()
                #expect(made.deployment.name == name)
                #expect(made.deployment.isDevelopment == isDevelopment)
            }
            let model: ModelV1 = try await server.call("GET", "/v1/models/\(first.model.id)").document()
            #expect(model.deploymentsCount == 3)
            #expect(model.developmentDeploymentID != nil)
        }
    }

    @Test("prepare hands out credentials with the address of our storage, and none on a dry run")
    func prepare() async throws {
        try await TestServer.run { server in
            let request: [String: JSONValue] = ["name": "echo", "deployment": ["config": [:]]]
            let reply = try await server.call("POST", "/v1/prepare_model_upload", .object(request))
            #expect(reply.status == 200, "\(reply.text)")
            let grant: PrepareModelUploadResponseV1 = try reply.document()
            #expect(grant.creds != nil)
            #expect(grant.s3Bucket == "slipway")
            #expect(grant.s3Region == "us-east-1")
            guard case .object(let members) = try reply.json() else { return }
            #expect(members["s3_endpoint_url"] == "http://s3.localhost:8000")
            guard case .string(let url)? = members["upload_url"] else {
                Issue.record("there is no upload_url")
                return
            }
            #expect(url.hasPrefix("http://s3.localhost:8000/slipway/"))

            var dry = request
            dry["dry_run"] = true
            let checked = try await server.call("POST", "/v1/prepare_model_upload", .object(dry))
            #expect(
                try checked.json() == [
                    "creds": .null, "s3_bucket": .null, "s3_key": .null, "s3_region": .null,
                    "s3_endpoint_url": .null, "upload_url": .null, "warnings": [],
                ])
        }
    }

    @Test("blob credentials name bucket and key")
    func blobCredentials() async throws {
        try await TestServer.run { server in
            let grant: GetBlobCredentialsResponseV1 = try await server.call(
                "GET", "/v1/blobs/credentials/model"
            ).document()
            #expect(grant.s3Bucket == "slipway")
            #expect(!grant.s3Key.isEmpty)
            #expect(!grant.creds.awsSessionToken.isEmpty)
        }
    }

    @Test("bad pushes are refused with the reason")
    func badPushes() async throws {
        try await TestServer.run { server in
            let key = try server.upload(Tar.truss(named: "echo"))
            let made = try await server.push("echo")
            let id = made.model.id
            func source(_ deployment: JSONValue, name: JSONValue = "other", key: String = key) -> JSONValue {
                ["source": ["name": name, "s3_key": .string(key), "deployment": deployment]]
            }
            let cases: [(String, JSONValue?, Int, String)] = [
                ("/v1/models", nil, 400, "body"),
                ("/v1/models", [], 400, "object"),
                ("/v1/models", [:], 400, "source"),
                ("/v1/models", ["source": ["kind": "elsewhere"]], 400, "kind"),
                ("/v1/models", source(["config": 1]), 400, "config"),
                ("/v1/models", source([:]), 400, "config"),
                ("/v1/models", source(["config": [:], "deploy_timeout_minutes": 9]), 400, "10"),
                ("/v1/models", source(["config": [:], "is_development": "yes"]), 400, "is_development"),
                ("/v1/models", source(["config": [:]], name: ""), 400, "name"),
                ("/v1/models", source(["config": [:]], key: "archives/none"), 400, "archive"),
                ("/v1/models", source(["config": [:], "environment_name": "staging"]), 404, "staging"),
                (
                    "/v1/models",
                    source(["config": [:], "is_development": true, "environment_name": "production"]), 400,
                    "development"
                ),
                (
                    "/v1/models",
                    source(["config": [:], "is_development": true, "deployment_name": "mine"]), 400,
                    "development"
                ),
                (
                    "/v1/models",
                    source(["config": [:], "is_development": true, "preserve_env_instance_type": false]),
                    400, "preserve_env_instance_type"
                ),
                (
                    "/v1/models",
                    [
                        "source": [
                            "kind": "library_listing", "lab_display_name": "lab",
                            "user_defined_listing_id": "x",
                        ]
                    ], 501, "library"
                ),
                ("/v1/teams/none/models", source(["config": [:]]), 404, "team"),
                (
                    "/v1/models/none/deployments",
                    ["source": ["s3_key": .string(key), "deployment": ["config": [:]]]], 404, "model"
                ),
                (
                    "/v1/models/\(id)/deployments",
                    [
                        "source": [
                            "s3_key": .string(key),
                            "deployment": ["config": [:], "environment_name": "qa"],
                        ]
                    ], 404, "qa"
                ),
                ("/v1/models/\(id)/deployments", source(["config": [:]]), 400, "name"),
                ("/v1/prepare_model_upload", ["deployment": ["config": [:]]], 400, "name"),
                (
                    "/v1/prepare_model_upload",
                    ["deployment": ["config": [:]], "name": "a", "model_id": .string(id)], 400, "model_id"
                ),
                (
                    "/v1/prepare_model_upload",
                    ["deployment": ["config": [:]], "team_id": "t", "model_id": .string(id)], 400, "team_id"
                ),
            ]
            for (path, body, status, word) in cases {
                let reply = try await server.call("POST", path, body)
                #expect(reply.status == status, "\(path) \(String(describing: body)): \(reply.text)")
                let error: ErrorV1 = try reply.document()
                #expect(error.message.localizedCaseInsensitiveContains(word), "\(error.message)")
            }
        }
    }

    @Test("the config is read back raw, parsed or both")
    func config() async throws {
        try await TestServer.run { server in
            let made = try await server.push("echo")
            let path = "/v1/models/\(made.model.id)/deployments/\(made.deployment.id)/config"
            let both: DeploymentConfigResponseV1 = try await server.call("GET", path).document()
            #expect(both.rawConfig == "model_name: echo\n")
            #expect(both.config?["model_name"] == "echo")
            let raw: DeploymentConfigResponseV1 = try await server.call("GET", path + "?output_format=raw")
                .document()
            #expect(raw.config == nil)
            #expect(raw.rawConfig != nil)
            let parsed: DeploymentConfigResponseV1 = try await server.call(
                "GET", path + "?output_format=parsed"
            ).document()
            #expect(parsed.config != nil)
            #expect(parsed.rawConfig == nil)
            #expect(try await server.call("GET", path + "?output_format=yaml").status == 400)
        }
    }

    @Test("the archive is downloaded from a signed URL, unless its pusher forbade it")
    func download() async throws {
        try await TestServer.run { server in
            let made = try await server.push("echo")
            let path = "/v1/models/\(made.model.id)/deployments/\(made.deployment.id)/download"
            let answer: DownloadDeploymentResponseV1 = try await server.call("GET", path).document()
            let url = try #require(URLComponents(string: answer.downloadURL))
            #expect(url.host == "s3.localhost")
            let target = url.percentEncodedPath + "?" + (url.percentEncodedQuery ?? "")
            let file = try await server.client.send("GET", target, host: "s3.localhost:8000")
            #expect(file.status == 200)
            #expect(file.body == Tar.truss(named: "echo"))

            let key = try server.upload(Tar.truss(named: "closed"))
            let closed: CreatedModelDeploymentV1 = try await server.call(
                "POST", "/v1/models",
                [
                    "source": [
                        "name": "closed", "s3_key": .string(key), "disable_archive_download": true,
                        "deployment": ["config": [:]],
                    ]
                ]
            ).document()
            let refused = try await server.call(
                "GET", "/v1/models/\(closed.model.id)/deployments/\(closed.deployment.id)/download")
            #expect(refused.status == 403)
        }
    }
}
