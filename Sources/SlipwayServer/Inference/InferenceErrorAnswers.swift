// Turns everything a route of the inference plane throws into that plane's error document.

import Hummingbird
import SlipwayAPI
import SlipwayControl

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
            let code = (error as? AsyncOutputMissing).map(Self.code) ?? Self.code(of: refusal.status)
            var response = try Answer.json(
                InferenceErrorV1(error: refusal.message, errorCode: code),
                status: refusal.status)
            if !refusal.allow.isEmpty { response.headers[.allow] = refusal.allow.joined(separator: ", ") }
            return response
        }
    }

    /// A client that waits for an output asks again, gives up, or looks at the model's error.
    private static func code(of missing: AsyncOutputMissing) -> InferenceErrorCode {
        switch missing.status {
        case .queued, .inProgress: .modelNotReady
        case .failed: .applicationError
        case .succeeded, .webhookFailed, .expired, .canceled: .clientError
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
