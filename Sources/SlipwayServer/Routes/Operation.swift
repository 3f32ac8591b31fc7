// One management operation: authenticated, allowed, decoded, answered as JSON. Every route file uses it.

import Hummingbird
import SlipwayAPI
import SlipwayControl
import SlipwayCore

/// A request whose caller is known and may do what it asks.
struct Call: Sendable {
    let request: Request
    let context: ServerContext
    let caller: Caller

    func parameter(_ name: String) throws -> String { try context.parameter(name) }

    var modelID: ModelID { get throws { ModelID(try parameter("model_id")) } }
    var deploymentID: DeploymentID { get throws { DeploymentID(try parameter("deployment_id")) } }
    var environment: String { get throws { try parameter("env_name") } }
    var teamID: TeamID { get throws { TeamID(try parameter("team_id")) } }

    /// The body as a document of the contract.
    func body<Document: WireRequest>(as type: Document.Type = Document.self) async throws -> Document {
        try SlipwayAPI.RequestDecoder.decode(type, from: try await request.jsonBody())
    }

    /// The query's pairs in order, decoded.
    var query: [(name: String, value: String)] {
        get throws { try QueryString.pairs(request.uri.query ?? "") }
    }

    /// The filter `name` of lists.
    var name: String? { get throws { try query.last { $0.name == "name" }?.value } }
}

extension Request {
    /// For routes of our own that take no query parameters.
    /// - Throws: `Refusal.validation` naming the first one.
    func requireNoQuery() throws {
        guard let name = try QueryString.pairs(uri.query ?? "").first?.name else { return }
        throw Refusal.validation("query parameter \(name.prefix(100)): \(method) \(uri.path) takes none")
    }
}

extension RouterMethods where Context == ServerContext {
    /// Adds an operation of the contract. Who may call it stands in `AccessTable`: without a row the process ends here,
    /// before it listens.
    func operation(
        _ method: HTTPRequest.Method, _ path: RouterPath,
        _ handler: @escaping @Sendable (Call) async throws -> some Encodable & Sendable
    ) {
        let rule = AccessTable.demand(method.rawValue, path.description)
        let parameters = OperationParameters.demand(method.rawValue, path.description)
        on(path, method: method) { request, context in
            let caller = try context.authenticated()
            try caller.require(rule)
            let call = Call(request: request, context: context, caller: caller)
            try await call.check(parameters)
            return try Answer.json(try await handler(call))
        }
    }
}

extension Call {
    /// Refuses what the operation does not take: query parameters, a body, an idempotency key.
    func check(_ parameters: OperationParameters) async throws {
        try parameters.check(query: query)
        if let key = caller.idempotencyKey {
            if let problem = IdempotencyKey.problem(in: key) { throw Refusal.validation(problem) }
            // Reading twice is harmless, whatever key a client adds to all its calls.
            guard request.method == .get || parameters.headers.contains(OperationParameters.idempotencyKey)
            else {
                throw Refusal.validation(
                    "Idempotency-Key: \(parameters.method.rawValue) \(parameters.path) does not take one.")
            }
        }
        if parameters.body == nil, request.hasBody { _ = try await body(as: EmptyRequest.self) }
    }
}

extension OperationParameters {
    /// The row of a route. A route without one is a mistake in the program that must not be served.
    static func demand(_ method: String, _ path: String) -> OperationParameters {
        guard let row = row(method, path) else {
            preconditionFailure("\(method) \(path) is not described in OpenAPIDocument.operations")
        }
        return row
    }
}

extension AccessTable {
    /// The row of a route. A route without one is a mistake in the program that must not be served.
    static func demand(_ method: String, _ path: String) -> AccessRule {
        guard let rule = rule(method, path) else {
            preconditionFailure("\(method) \(path) has no row in AccessTable")
        }
        return rule
    }
}
