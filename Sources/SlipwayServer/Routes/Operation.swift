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
}

extension RouterMethods where Context == ServerContext {
    /// Adds an operation of the contract. Who may call it stands in `AccessTable`: without a row the process ends here,
    /// before it listens.
    func operation(
        _ method: HTTPRequest.Method, _ path: RouterPath,
        _ handler: @escaping @Sendable (Call) async throws -> some Encodable & Sendable
    ) {
        let rule = AccessTable.demand(method.rawValue, path.description)
        on(path, method: method) { request, context in
            let caller = try context.authenticated()
            try caller.require(rule)
            if let key = caller.idempotencyKey, let problem = IdempotencyKey.problem(in: key) {
                throw Refusal.validation(problem)
            }
            return try Answer.json(
                try await handler(Call(request: request, context: context, caller: caller)))
        }
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
