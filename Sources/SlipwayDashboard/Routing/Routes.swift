// Pages and actions on the router. Each names the operation of the API that it is: the same row of the table of access
// decides, and an operation without a row ends the process before it listens.

import HTTPTypes
import Hummingbird
import SlipwayControl
import SlipwayCore

typealias MakePage = @Sendable (Visit) async throws -> Page

/// What an action leads to.
enum Outcome: Sendable {
    /// Another page, with a sentence about what was done.
    case see(Path, String?)
    /// A page that cannot be asked for again.
    case show(Page)
}

struct Routes {
    let router: Router<DashboardContext>
    let desk: Desk

    /// Larger forms are refused.
    static let maxFormBytes = 1 << 20

    /// A page; `takes` are the query parameters it knows.
    func page(
        _ path: RouterPath, is operation: String, takes: Set<String> = [], _ make: @escaping MakePage
    ) {
        let rule = Self.rule(operation)
        router.get(path) { [desk] request, context in
            try await Self.answer(request, context, desk) { visit in
                try visit.caller.require(rule)
                try desk.count(operation, by: visit.caller)
                try visit.query.require(only: takes)
                return Shell.render(try await make(visit), for: visit)
            }
        }
    }

    /// A change. A form that is refused is shown again on `page`, with what was typed.
    func action(
        _ path: RouterPath, is operation: String, fields: Set<String> = [], page: @escaping MakePage,
        _ carryOut: @escaping @Sendable (Visit, FormFields) async throws -> Outcome
    ) {
        let rule = Self.rule(operation)
        router.post(path) { [desk] request, context in
            try await Self.answer(request, context, desk) { visit in
                let form = try await FormGuard.read(request, for: visit.session)
                try visit.caller.require(rule)
                try desk.count(operation, by: visit.caller)
                do {
                    try form.require(only: fields.union([FormGuard.field]))
                    return try Self.response(to: try await carryOut(visit, form), for: visit)
                } catch let error as ControlError where error.isAboutForm {
                    var again = visit
                    again.refused = RefusedForm(
                        path: request.uri.path, fields: form, message: error.message)
                    var shown = try await page(again)
                    shown.status = error.status
                    return Shell.render(shown, for: again)
                }
            }
        }
    }

    private static func response(to outcome: Outcome, for visit: Visit) throws -> Response {
        switch outcome {
        case .show(let page): return Shell.render(page, for: visit)
        case .see(let path, let notice):
            if let notice { visit.desk.notices.leave(notice, for: visit.session.formToken) }
            return redirect(to: path)
        }
    }

    static func redirect(to path: Path) -> Response {
        Response(status: .seeOther, headers: [.location: path.text, .contentLength: "0"])
    }

    private static func rule(_ operation: String) -> AccessRule {
        guard let rule = AccessTable.rows[operation] else {
            preconditionFailure("\(operation) has no row in AccessTable")
        }
        return rule
    }

    /// Looks the session up and turns errors into pages.
    static func answer(
        _ request: Request, _ context: DashboardContext, _ desk: Desk,
        _ body: (Visit) async throws -> Response
    ) async throws -> Response {
        guard let session = try await desk.cookies.session(of: request, desk.control) else {
            return redirect(to: SignIn.path(leadingTo: request))
        }
        var visit = Visit(
            request: request, context: context, session: session, desk: desk, query: FormFields())
        do {
            visit.query = try FormFields((request.uri.query ?? "").utf8)
            return try await body(visit)
        } catch {
            return Shell.render(ProblemPage.make(for: error, context), for: visit)
        }
    }
}

extension ControlError {
    /// Whether the person can do something about it in the form.
    fileprivate var isAboutForm: Bool {
        switch self {
        case .validation, .conflict, .unavailable, .forbidden: true
        case .unauthorized, .notFound: false
        }
    }

    var status: HTTPResponse.Status {
        switch self {
        case .unauthorized: .unauthorized
        case .forbidden: .forbidden
        case .notFound: .notFound
        case .validation: .badRequest
        case .conflict: .conflict
        case .unavailable: .serviceUnavailable
        }
    }
}
