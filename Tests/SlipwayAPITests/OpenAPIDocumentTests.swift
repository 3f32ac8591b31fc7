// The OpenAPI document against itself, the documents and the list of the contract.

import Testing

@testable import SlipwayAPI

@Suite struct OpenAPIDocumentTests {
    let document = OpenAPIDocument.document(serverURL: "http://localhost:8080")

    @Test(arguments: Samples.answers.indices)
    func `Every answer fits its schema`(index: Int) throws {
        let (schema, sample) = Samples.answers[index]
        let value = try WireJSON.decode(JSONValue.self, from: WireJSON.encode(sample))
        #expect(SchemaCheck.problems(value, component: schema) == [])
    }

    @Test(arguments: Samples.requests.indices)
    func `Every request fits its schema`(index: Int) throws {
        let (schema, sample) = Samples.requests[index]
        let value = try WireJSON.decode(JSONValue.self, from: WireJSON.encode(sample))
        #expect(SchemaCheck.problems(value, component: schema) == [])
    }

    @Test func `The checker finds missing, unknown and mistyped members`() {
        #expect(
            SchemaCheck.problems(["id": 1, "x": 2], component: "ModelTombstoneV1").sorted() == [
                "ModelTombstoneV1.deleted: missing",
                "ModelTombstoneV1.id: integer(1) is not of type string(\"string\")",
                "ModelTombstoneV1.x: unknown",
            ])
    }

    @Test func `Every reference resolves`() {
        let references = Self.references(in: document)
        #expect(references.count > 200)
        for reference in references {
            let path = reference.split(separator: "/").dropFirst().map(String.init)
            #expect(Self.lookUp(path, in: document) != nil, "\(reference)")
        }
    }

    @Test func `Operation ids are unique`() {
        let ids = OpenAPIDocument.operations.map(\.id)
        #expect(Set(ids).count == ids.count)
    }

    @Test func `Every parameter in a path is declared and described, and nothing else is`() throws {
        for operation in OpenAPIDocument.operations {
            let template = operation.path.split(separator: "/").filter { $0.hasPrefix("{") }
            var declared: [String] = []
            if case .array(let parameters)? = Self.lookUp(["parameters"], in: operation.json) {
                for parameter in parameters where Self.lookUp(["in"], in: parameter) == "path" {
                    #expect(Self.lookUp(["required"], in: parameter) == true)
                    guard case .string(let name)? = Self.lookUp(["name"], in: parameter) else { continue }
                    declared.append("{\(name)}")
                    #expect(PathParameters.descriptions[name] != nil, "\(name)")
                }
            }
            #expect(declared == template.map(String.init), "\(operation.id)")
        }
    }

    @Test func `Every built operation of the contract is in the document`() {
        for operation in ContractOperation.all where operation.built {
            let path = ["paths", operation.path, operation.method.rawValue.lowercased()]
            #expect(Self.lookUp(path, in: document) != nil, "\(operation.method) \(operation.path)")
        }
    }

    @Test func `The document has no management operation that is not built`() {
        for operation in OpenAPIDocument.operations where operation.plane == .management {
            let contract = ContractOperation(method: operation.method, path: operation.path, built: true)
            #expect(
                (ContractOperation.all + ContractOperation.extensions).contains(contract),
                "\(operation.method) \(operation.path)")
        }
    }

    @Test func `Links come from operations there are and lead to all that something names`() {
        let ids = Set(OpenAPIDocument.operations.map(\.id))
        #expect(OperationLinks.named.keys.allSatisfy(ids.contains))
        let reached = OpenAPIDocument.operations.reduce(into: Set<String>()) { all, operation in
            guard case .object(let links)? = OperationLinks.json(from: operation) else { return }
            all.formUnion(links.keys)
        }
        for operation in OpenAPIDocument.operations
        where operation.plane == .management && !operation.pathParameters.isEmpty {
            #expect(reached.contains(operation.id), "\(operation.id)")
        }
        let link = [
            "paths", "/v1/models/{model_id}/environments", "post", "responses", "200", "links",
            "getEnvironment",
            "parameters",
        ]
        #expect(Self.lookUp(link + ["model_id"], in: document) == "$request.path.model_id")
        #expect(Self.lookUp(link + ["env_name"], in: document) == "$response.body#/name")
    }

    @Test func `Operations with a body answer 413 and management errors are ErrorV1`() {
        let post = ["paths", "/v1/models", "post", "responses"]
        #expect(
            Self.lookUp(post + ["413", "$ref"], in: document) == "#/components/responses/ManagementError413")
        let schema = [
            "components", "responses", "ManagementError413", "content", "application/json", "schema", "$ref",
        ]
        #expect(Self.lookUp(schema, in: document) == "#/components/schemas/ErrorV1")
    }

    @Test func `Models answer on hosts derived from the server's address`() {
        let servers = { (path: String) in Self.lookUp(["paths", path, "servers"], in: document) }
        guard case .array(let named)? = servers("/production/predict"),
            case .array(let regional)? = servers("/predict")
        else {
            Issue.record("no servers")
            return
        }
        #expect(
            named.map { Self.lookUp(["url"], in: $0) } == [
                "http://model-{model_id}.localhost:8080", "http://localhost:8080/model/{model_id}",
            ])
        #expect(
            regional.map { Self.lookUp(["url"], in: $0) } == [
                "http://model-{model_id}-{env_name}.localhost:8080"
            ])
    }

    @Test func `The text is JSON and the same every time`() throws {
        let text = OpenAPIDocument.json(serverURL: "http://localhost:8080")
        #expect(try JSONParser.parse(text) == document)
        #expect(text == OpenAPIDocument.json(serverURL: "http://localhost:8080"))
    }

    private static func lookUp(_ path: [String], in value: JSONValue) -> JSONValue? {
        path.reduce(Optional(value)) { value, name in
            guard case .object(let members)? = value else { return nil }
            return members[name]
        }
    }

    private static func references(in value: JSONValue) -> [String] {
        switch value {
        case .object(let members):
            members.flatMap { name, member in
                if name == "$ref", case .string(let text) = member { return [text] }
                return references(in: member)
            }
        case .array(let elements): elements.flatMap(references)
        default: []
        }
    }
}
