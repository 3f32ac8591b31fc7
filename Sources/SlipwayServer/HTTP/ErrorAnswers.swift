// Turns everything a route throws into the management API's error document. First middleware of both routers.

import Hummingbird
import Logging
import SlipwayAPI
import SlipwayControl

struct ErrorAnswers: RouterMiddleware {
    typealias Context = ServerContext

    func handle(
        _ request: Request, context: ServerContext,
        next: (Request, ServerContext) async throws -> Response
    ) async throws -> Response {
        do {
            return try await next(request, context)
        } catch {
            return try Self.refusal(for: error, request, context).response()
        }
    }

    static func refusal(for error: any Error, _ request: Request, _ context: ServerContext) -> Refusal {
        switch error {
        case let error as Refusal: return error
        case let error as ControlError: return Refusal(error)
        case let error as AsyncOutputMissing: return .notFound(error.message)
        case let error as BadRequest: return .validation(error.message)
        case let error as any HTTPResponseError where error.status == .notFound:
            // Routes are made for the usual methods; there are any number of others.
            let allow = ContractOperation.methods(at: request.uri.path).map(\.rawValue).sorted()
            let method = request.method.rawValue
            return allow.isEmpty || allow.contains(method)
                ? .notFound("There is nothing at \(request.uri.path).")
                : .methodNotAllowed(method, allow: allow)
        case let error as any HTTPResponseError where error.status == .contentTooLarge:
            return .payloadTooLarge
        default:
            let known = ControlError(below: error)
            context.logger.error(
                "request failed",
                metadata: [
                    "method": "\(request.method)", "route": "\(context.endpointPath ?? "-")",
                    "error": "\(error)",
                ])
            return known.map { Refusal($0) } ?? .internal(requestID: context.requestID)
        }
    }
}

extension Refusal {
    func response() throws -> Response {
        var response = try Answer.json(ErrorV1(code: code, message: message), status: status)
        if !allow.isEmpty { response.headers[.allow] = allow.joined(separator: ", ") }
        return response
    }
}
