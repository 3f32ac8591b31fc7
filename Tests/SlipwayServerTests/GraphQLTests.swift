import Foundation
import SlipwayAPI
import SlipwayTestSupport
import Testing

@Suite("GraphQL as the official client speaks it")
struct GraphQLTests {
    private static let userEnvironment: JSONValue = .string(
        #"{"truss_client_version":"0.18.35","python_version":"3.11.2","mypy_version":null,"git_info":null}"#
    )

    private func encoded(_ text: String) -> String { Data(text.utf8).base64EncodedString() }

    private func ask(
        _ server: TestServer, _ query: String, _ variables: JSONValue? = nil
    ) async throws -> JSONValue {
        var body: [String: JSONValue] = ["query": .string(query)]
        if let variables { body["variables"] = variables }
        let reply = try await server.call("POST", "/graphql/", .object(body), host: "localhost:8000")
        #expect(reply.status == 200, "\(reply.text)")
        return try reply.json()
    }

    /// The value at a path of member names.
    private func at(_ value: JSONValue, _ path: String...) -> JSONValue? {
        path.reduce(value as JSONValue?) { value, name in
            guard case .object(let members)? = value else { return nil }
            return members[name]
        }
    }

    private func text(_ value: JSONValue?) throws -> String {
        guard case .string(let text)? = value else { throw TestServer.Unexpected(reply: nil) }
        return text
    }

    /// A push mutation as the client writes it: strings inside the query, the rest as variables.
    private func pushMutation(_ field: String, _ arguments: String) -> String {
        """
        mutation ($trussUserEnv: String, $userDeployMetadata: JSONString, $rawConfig: String) {
            \(field)(
                \(arguments)
                truss_user_env: $trussUserEnv
                user_deploy_metadata: $userDeployMetadata
                raw_config: $rawConfig
            ) {
                model_version {
                    id
                    oracle { id name hostname }
                    instance_type { name }
                }
            }
        }
        """
    }

    private func push(
        _ server: TestServer, _ field: String, _ arguments: String, labels: JSONValue = .null
    ) async throws -> JSONValue {
        let key = try server.upload(Tar.truss(named: "echo"))
        let config = encoded(#"{"model_name":"echo","resources":{"cpu":"1","memory":"2Gi"}}"#)
        return try await ask(
            server, pushMutation(field, "s3_key: \"\(key)\"\n config: \"\(config)\"\n" + arguments),
            [
                "trussUserEnv": Self.userEnvironment, "userDeployMetadata": labels,
                "rawConfig": .string(encoded("model_name: echo\n")),
            ])
    }

    @Test("whoami, organization and teams")
    func identity() async throws {
        try await TestServer.run { server in
            let me = try await ask(server, "query{organization{workspace_name}user{email}}")
            #expect(at(me, "data", "organization", "workspace_name") == "Slipway")
            #expect(at(me, "data", "user", "email") == "admin@localhost")
            let organization = try await ask(
                server, "query { organization { aws_customer_access_role_arn aws_external_id } }")
            #expect(at(organization, "data", "organization", "aws_external_id") == .null)
            let teams = try await ask(server, "query Teams { teams { id name default } }")
            guard case .array(let list)? = at(teams, "data", "teams") else {
                Issue.record("no teams")
                return
            }
            #expect(list.count == 1)
            #expect(at(list[0], "default") == true)
        }
    }

    @Test("listed instances come under the client's aliases")
    func instances() async throws {
        try await TestServer.run { server in
            let answer = try await ask(
                server,
                """
                query Instances {
                    listedInstances: listed_instances {
                        id name millicpuLimit: millicpu_limit memoryLimit: memory_limit gpuCount: gpu_count
                        gpuType: gpu_type gpuMemory: gpu_memory default displayName: display_name
                        nodeCount: node_count price limitedCapacity: limited_capacity
                    }
                }
                """)
            guard case .array(let list)? = at(answer, "data", "listedInstances") else {
                Issue.record("no instances")
                return
            }
            #expect(at(list[0], "millicpuLimit") == 1000)
            #expect(at(list[0], "default") == true)
            #expect(at(list[0], "gpuType") == .null)
        }
    }

    @Test("upload credentials carry our endpoint and region beyond what is selected")
    func credentials() async throws {
        try await TestServer.run { server in
            let answer = try await ask(
                server,
                """
                { model_s3_upload_credentials { s3_bucket s3_key aws_access_key_id aws_secret_access_key
                    aws_session_token } }
                """)
            let grant = at(answer, "data", "model_s3_upload_credentials")
            #expect(grant.flatMap { at($0, "endpoint_url") } == "http://s3.localhost:8000")
            #expect(grant.flatMap { at($0, "region_name") } == "us-east-1")
            #expect(grant.flatMap { at($0, "s3_bucket") } == "slipway")
        }
    }

    @Test("validation answers success and details")
    func validation() async throws {
        try await TestServer.run { server in
            func validate(_ config: String) async throws -> JSONValue {
                try await ask(
                    server,
                    """
                    query ($trussUserEnv: String) {
                        truss_validation(
                            truss_user_env: $trussUserEnv
                            config: "\(config)"
                        ) { success details }
                    }
                    """, ["trussUserEnv": Self.userEnvironment])
            }
            let good = try await validate(encoded(#"{"model_name":"echo"}"#))
            #expect(at(good, "data", "truss_validation", "success") == true)
            let greedy = encoded(#"{"resources":{"accelerator":"H100:8"}}"#)
            for bad in ["%%%", encoded("[1]"), encoded("{"), greedy] {
                let answer = try await validate(bad)
                #expect(at(answer, "data", "truss_validation", "success") == false)
                let details = try text(at(answer, "data", "truss_validation", "details"))
                let parsed = try WireJSON.decode(JSONValue.self, from: Array(details.utf8))
                guard case .array(let errors)? = at(parsed, "errors") else {
                    Issue.record("no errors")
                    return
                }
                #expect(errors.count == 1)
            }
        }
    }

    @Test("a model is created, found by name and id, and its version is read")
    func createAndRead() async throws {
        try await TestServer.run { server in
            let made = try await push(
                server, "create_model_from_truss",
                """
                name: "echo" semver_bump: "MINOR" allow_truss_download: true model_origin: BASETEN
                deploy_timeout_minutes: 30
                """, labels: #"{"team": "blue"}"#)
            let version = at(made, "data", "create_model_from_truss", "model_version")
            let id = try text(version.flatMap { at($0, "id") })
            let model = try text(version.flatMap { at($0, "oracle", "id") })
            #expect(
                version.flatMap { at($0, "oracle", "hostname") }
                    == .string("http://model-\(model).api.localhost:8000"))
            let deployment: DeploymentV1 = try await server.call(
                "GET", "/v1/models/\(model)/deployments/\(id)"
            ).document()
            #expect(deployment.labels == ["team": "blue"])
            try await server.wait(for: .active, of: deployment)
            try await server.waitForProduction(deployment)

            let selection = """
                id name hostname team { id name }
                versions { id semver truss_hash truss_signature is_draft is_primary
                    current_model_deployment_status { status } }
                """
            for argument in ["name: \"echo\"", "id: \"\(model)\""] {
                let found = try await ask(server, "{ model(\(argument)) { \(selection) } }")
                #expect(at(found, "data", "model", "id") == .string(model))
                guard case .array(let versions)? = at(found, "data", "model", "versions") else {
                    Issue.record("no versions")
                    return
                }
                #expect(at(versions[0], "is_draft") == false)
                #expect(at(versions[0], "current_model_deployment_status", "status") == "MODEL_READY")
            }
            let read = try await ask(
                server,
                """
                { model_version(id: "\(id)") { id is_draft truss_hash truss_signature
                    oracle{ id name hostname } } }
                """)
            #expect(at(read, "data", "model_version", "oracle", "id") == .string(model))
            let primary = try await ask(server, "{ model(id: \"\(model)\") { id primary_version{ id } } }")
            #expect(at(primary, "data", "model", "primary_version", "id") == .string(id))
            // The client puts a comma behind the first field.
            let all = try await ask(server, "{ models(all: true) { id, name team { id name } } }")
            guard case .array(let models)? = at(all, "data", "models") else {
                Issue.record("no models")
                return
            }
            #expect(models.map { at($0, "name") } == ["echo"])
        }
    }

    @Test("a version is added to the environment it names, a draft takes the development slot")
    func versionsAndDrafts() async throws {
        try await TestServer.run { server in
            let first = try await server.push("echo")
            try await server.waitForProduction(first.deployment)
            let made = try await push(
                server, "create_model_version_from_truss",
                """
                model_id: "\(first.model.id)" semver_bump: "MINOR" scale_down_old_production: false
                preserve_env_instance_type: true name: "blue" environment_name: "production"
                """)
            let id = try text(at(made, "data", "create_model_version_from_truss", "model_version", "id"))
            try await server.poll("/v1/models/\(first.model.id)/deployments/production") {
                (deployment: DeploymentV1) in deployment.id == id && deployment.name == "blue"
            }
            let draft = try await push(
                server, "deploy_draft_truss", "name: \"echo\" allow_truss_download: true")
            let draftID = try text(at(draft, "data", "deploy_draft_truss", "model_version", "id"))
            let development: DeploymentV1 = try await server.call(
                "GET", "/v1/models/\(first.model.id)/deployments/development"
            ).document()
            #expect(development.id == draftID)
            let watch = try await ask(
                server,
                """
                { truss_watch_state(id: "\(first.model.id)") { is_container_built_from_push
                    django_patch_state { current_hash current_signature }
                    container_patch_state { current_hash current_signature } } }
                """)
            #expect(at(watch, "data", "truss_watch_state", "django_patch_state") == .null)
        }
    }

    @Test("unknown things are RESOURCE_NOT_FOUND, bad ones name their reason, both with status 200")
    func errors() async throws {
        try await TestServer.run { server in
            let made = try await server.push("echo")
            func code(_ answer: JSONValue) -> JSONValue? {
                guard case .array(let errors)? = at(answer, "errors"), let first = errors.first else {
                    return nil
                }
                guard case .string(let message)? = at(first, "message"), !message.isEmpty else { return nil }
                return at(first, "extensions", "code")
            }
            for query in [
                "{ model(name: \"none\") { id } }", "{ model(id: \"none\") { id } }",
                "{ model_version(id: \"none\") { id } }", "{ models(team_id: \"none\") { id } }",
                "{ truss_watch_state(id: \"\(made.model.id)\") { is_container_built_from_push } }",
            ] {
                #expect(code(try await ask(server, query)) == "RESOURCE_NOT_FOUND", "\(query)")
            }
            let environment = try await push(
                server, "create_model_version_from_truss",
                "model_id: \"\(made.model.id)\" environment_name: \"staging\"")
            #expect(code(environment) == "RESOURCE_NOT_FOUND")
            let timeout = try await push(
                server, "create_model_from_truss", "name: \"other\" deploy_timeout_minutes: 5")
            #expect(code(timeout) == "VALIDATION_ERROR")
            let patch = try await ask(
                server,
                """
                mutation ($trussUserEnv: String) {
                    sync_draft_truss(id: "\(made.model.id)" truss_user_env: $trussUserEnv) {
                        id name version_id succeeded needs_full_deploy error
                    }
                }
                """, ["trussUserEnv": Self.userEnvironment])
            #expect(code(patch) != nil)
        }
    }

    @Test("a wrong key is a plain 401, a malformed request a GraphQL error")
    func refusals() async throws {
        try await TestServer.run { server in
            let unknown = try await server.call(
                "POST", "/graphql", ["query": "{ teams { id } }"], key: "wrong", host: "localhost:8000")
            #expect(unknown.status == 401)
            for body: JSONValue in [["query": "{ nothing"], ["query": "{ nothing { id } }"], ["query": ""]] {
                let reply = try await server.call("POST", "/graphql/", body, host: "localhost:8000")
                guard case .array(let errors)? = at(try reply.json(), "errors") else {
                    Issue.record("\(reply.text)")
                    continue
                }
                #expect(!errors.isEmpty)
            }
            for body in ["", "null", "[]", "{}", "{", #"{"query":7}"#, #"{"query":"{a}","variables":[]}"#] {
                let reply = try await server.client.send(
                    "POST", "/graphql/", host: "localhost:8000", key: server.adminKey, body: Array(body.utf8))
                #expect(reply.status == 400, "\(body): \(reply.text)")
            }
        }
    }
}
