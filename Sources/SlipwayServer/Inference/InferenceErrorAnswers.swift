// Turns everything a route of the inference plane throws into that plane's error document.

import Hummingbird
import SlipwayAPI

struct InferenceErrorAnswers: RouterMiddleware {
    typealias Context = ServerContext

    func handle(
        _ request: Request, context: ServerContext,
        next: (Request, ServerContext) async throws -> Response
    ) async throws -> Response {
        do {
            return try await next(request, context)
        } catch {
            let refusal = ErrorAnswers.refusal(for: error, request, context)
            var response = try Answer.json(
                InferenceErrorV1(error: refusal.message, errorCode: Self.code(of: refusal.status)),
                status: refusal.status)
            if !refusal.allow.isEmpty { response.headers[.allow] = refusal.allow.joined(separator: ", ") }
            return response
        }
    }

    private static func code(of status: HTTPResponse.Status) -> InferenceErrorCode {
        switch status.code {
        case 401, 403: .unauthorized
        case 404: .modelDoesNotExist
        case 413: .payloadTooLarge
        case 429: .rateLimited
        case 503: .modelUnavailable
        case 400..<500: .clientError
        default: .internalBasetenError
        }
    }
}
