// Builder of OpenAPI operations; the files in Operations/ are written with it.

/// One operation of our OpenAPI document.
struct APIOperation: Sendable {
    /// What a body or an answer is made of.
    enum Content: Sendable {
        /// JSON of a component schema.
        case json(String)
        /// Whatever the model takes or gives.
        case model
        case none
    }

    /// A query parameter; none is ever required.
    struct Query: Sendable {
        var name: String
        var schema: Schema
        var description: String

        init(_ name: String, _ schema: Schema, _ description: String) {
            self.name = name
            self.schema = schema
            self.description = description
        }
    }

    var method: ContractOperation.Method
    var path: String
    var id: String
    var summary: String
    var query: [Query]
    var body: Content
    var isBodyRequired: Bool
    var status: Int
    var answer: Content
    /// Statuses of errors besides those every operation of its plane has.
    var errors: [Int]
    /// Whether a call with a key that was seen before is not carried out again.
    private(set) var takesIdempotencyKey = false

    func takingIdempotencyKey() -> APIOperation {
        var operation = self
        operation.takesIdempotencyKey = true
        operation.errors.append(409)
        return operation
    }

    /// A management operation: JSON in, JSON out.
    static func management(
        _ method: ContractOperation.Method, _ path: String, _ id: String, _ summary: String,
        query: [Query] = [], takes body: String? = nil, bodyRequired: Bool = true, answers answer: String,
        errors: [Int] = []
    ) -> APIOperation {
        APIOperation(
            method: method, path: path, id: id, summary: summary, query: query,
            body: body.map(Content.json) ?? .none, isBodyRequired: bodyRequired, status: 200,
            answer: .json(answer), errors: errors + (body == nil ? [] : [413]))
    }

    /// An operation on a model's own host.
    static func inference(
        _ method: ContractOperation.Method, _ path: String, _ id: String, _ summary: String, body: Content,
        status: Int = 200, answer: Content
    ) -> APIOperation {
        APIOperation(
            method: method, path: path, id: id, summary: summary, query: [], body: body,
            isBodyRequired: false, status: status, answer: answer, errors: [])
    }

    private var contract: ContractOperation { ContractOperation(method: method, path: path, built: true) }

    var plane: ContractOperation.Plane { contract.plane }

    /// In order.
    var pathParameters: [String] { contract.parameters }

    var json: JSONValue {
        var object: [String: JSONValue] = [
            "operationId": .string(id), "summary": .string(summary), "tags": [.string(tag)],
            "responses": responses,
        ]
        var parameters = contract.parameters.map(Self.pathParameter) + query.map(\.json)
        if takesIdempotencyKey { parameters.append(Self.idempotencyKey) }
        if !parameters.isEmpty { object["parameters"] = .array(parameters) }
        if let content = body.json {
            object["requestBody"] = ["required": .bool(isBodyRequired), "content": content]
        }
        return .object(object)
    }

    private static let idempotencyKey: JSONValue = [
        "name": "Idempotency-Key", "in": "header", "required": false,
        "schema": Schema.string(length: 1...255).json,
        "description":
            "Names the call: a second one with the same key and content does nothing and answers what the first one made. Remembered for a day.",
    ]

    private var tag: String { plane == .management ? "Management" : "Inference" }

    private var responses: JSONValue {
        var success: [String: JSONValue] = ["description": "Done."]
        if let content = answer.json { success["content"] = content }
        if let links = OperationLinks.json(from: self) { success["links"] = links }
        var responses = [String(status): JSONValue.object(success)]
        let common = plane == .management ? ErrorResponses.management : ErrorResponses.inference
        for status in common + errors {
            responses[String(status)] = ErrorResponses.reference(status, on: plane)
        }
        return .object(responses)
    }

    /// Every path parameter of the contract is a plain string, so its name alone describes it.
    private static func pathParameter(_ name: String) -> JSONValue {
        [
            "name": .string(name), "in": "path", "required": true, "schema": Schema.string.json,
            "description": .string(PathParameters.descriptions[name] ?? name),
        ]
    }
}

extension APIOperation.Query {
    fileprivate var json: JSONValue {
        [
            "name": .string(name), "in": "query", "required": false, "schema": schema.json,
            "description": .string(description),
        ]
    }
}

extension APIOperation.Content {
    fileprivate var json: JSONValue? {
        switch self {
        case .none: nil
        case .json(let name): ["application/json": ["schema": Schema.ref(name).json]]
        case .model:
            [
                "application/json": ["schema": Schema.anything.described("Shape given by the model.").json],
                "application/octet-stream": ["schema": Schema.binary.json],
            ]
        }
    }
}
