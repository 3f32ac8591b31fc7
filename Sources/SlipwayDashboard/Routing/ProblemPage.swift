// What went wrong, as a page with a way on.

import Hummingbird
import SlipwayControl

enum ProblemPage {
    static func make(for error: any Error, _ context: DashboardContext) -> Page {
        switch error {
        case let error as ControlError: return page(title(of: error), error.message, error.status)
        case let error as TooManyCalls:
            return page("Too fast", "Try again in \(error.seconds) s.", .tooManyRequests)
        case let error as any HTTPResponseError where error.status == .contentTooLarge:
            return page("Too large", "The form is larger than 1 MiB.", .contentTooLarge)
        default:
            if let known = ControlError(below: error) { return page("Not now", known.message, known.status) }
            context.logger.error(
                "a page failed",
                metadata: ["route": "\(context.endpointPath ?? "-")", "error": "\(error)"])
            return page(
                "Something failed",
                "Slipway failed on this request. Its log names the reason under request id \(context.requestID).",
                .internalServerError)
        }
    }

    static func notFound() -> Page { page("Not found", "There is no such page.", .notFound) }

    private static func title(of error: ControlError) -> String {
        switch error {
        case .notFound: "Not found"
        case .forbidden, .unauthorized: "Not allowed"
        case .validation: "That does not work"
        case .conflict: "Changed meanwhile"
        case .unavailable: "Not now"
        }
    }

    private static func page(_ title: String, _ message: String, _ status: HTTPResponse.Status) -> Page {
        Page(title: title, area: .models, status: status) { markup in
            markup.el(.h1, title)
            markup.el(.p, message, .class("notice bad"), .role("alert"))
            markup.el(.p) { markup.el(.a, "To the models", .href(Path())) }
        }
    }
}
