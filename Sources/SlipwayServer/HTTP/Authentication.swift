// Who makes a call: looked up before anything else is said about a `/v1` or GraphQL request.

import HTTPTypes
import Hummingbird
import SlipwayControl

extension HTTPField.Name {
    /// As the IETF draft of the HTTP API working group names it.
    static let idempotencyKey = HTTPField.Name("Idempotency-Key")!
}

struct Authentication: RouterMiddleware {
    typealias Context = ServerContext

    let control: ControlPlane

    func handle(
        _ request: Request, context: ServerContext,
        next: (Request, ServerContext) async throws -> Response
    ) async throws -> Response {
        guard Self.covers(request.uri.path) else { return try await next(request, context) }
        var context = context
        var caller = try await control.authenticate(authorization: request.headers[.authorization])
        caller.client = request.headers[.userAgent].flatMap(ClientProgram.init(userAgent:))
        caller.idempotencyKey = request.headers[.idempotencyKey]
        context.caller = caller
        return try await next(request, context)
    }

    /// Everything but the index, health and contract. By the first segment, as the router reads paths: `//v1/models` is a
    /// call of `/v1/models`.
    static func covers(_ path: String) -> Bool {
        guard let first = path.split(separator: "/").first else { return false }
        return ["v1", "graphql", "metrics", "model"].contains(first)
    }
}
