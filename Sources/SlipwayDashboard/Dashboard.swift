// The dashboard: pages at the app host for people with a browser. Every page and every button is an operation of the API:
// the same rights, the same commands, the same limits.

import Hummingbird
import SlipwayControl

/// Answers what browsers ask of the app host.
public struct Dashboard: Sendable {
    private let responder: RouterResponder<DashboardContext>

    /// - Parameters:
    ///   - publicURL: where clients reach this installation, without a slash at its end.
    ///   - port: its port, which keeps cookies of several servers of one machine apart.
    ///   - inferenceURL: where this process serves predictions; nil where there is no gateway.
    ///   - limit: what the API's calls are held to; nil where they are not.
    public init(
        control: ControlPlane, publicURL: String, port: Int?, inferenceURL: String?, limit: CallLimit? = nil
    ) {
        let desk = Desk(
            control: control, publicURL: publicURL, port: port, inferenceURL: inferenceURL, limit: limit)
        let router = Router(context: DashboardContext.self)
        let routes = Routes(router: router, desk: desk)
        SignIn.add(to: router, desk)
        SessionActions.add(to: router, desk)
        Self.addAssets(to: router)
        Self.addPages(to: routes)
        responder = router.buildResponder()
    }

    /// Answers a request; what is no page is a page that says so.
    /// - Parameters:
    ///   - core: what the server knows of the request already.
    ///   - requestID: names it in the log.
    public func respond(
        to request: Request, core: CoreRequestContextStorage, requestID: String
    ) async throws -> Response {
        let context = DashboardContext(core: core, requestID: requestID)
        // HEAD is GET without its body.
        var head = request.head
        if head.method == .head { head.method = .get }
        let asked = Request(head: head, body: request.body)
        var response: Response
        do {
            response = try await responder.respond(to: asked, context: context)
            // The router's own answers have no page.
            if response.status == .notFound, response.headers[.contentType] == nil {
                throw HTTPError(.notFound)
            }
            if response.status == .contentTooLarge, response.headers[.contentType] == nil {
                response = Markup.plainProblem("Too large", "The form is too large.", .contentTooLarge)
            }
        } catch let error as HTTPError where error.status == .notFound {
            response = Markup.plainProblem("Not found", "There is no such page.", .notFound)
        } catch {
            context.logger.error("a page failed", metadata: ["error": "\(error)"])
            response = Markup.plainProblem(
                "Something failed",
                "Slipway failed on this request. Its log names the reason under request id \(requestID).",
                .internalServerError)
        }
        PageHeaders.add(to: &response)
        if request.method == .head { response.body = ResponseBody() }
        return response
    }

    private static func addAssets(to router: Router<DashboardContext>) {
        router.get("/assets/{version}/{name}") { request, context in
            let (version, name) = (
                try context.parameters.require("version"), try context.parameters.require("name")
            )
            guard let response = Assets.shared.response(to: name, version: version, request) else {
                throw HTTPError(.notFound)
            }
            return response
        }
    }

    private static func addPages(to routes: Routes) {
        EventStream.add(to: routes.router, routes.desk)
        OverviewPage.add(to: routes)
        ModelPage.add(to: routes)
        EnvironmentPage.add(to: routes)
        PromotePage.add(to: routes)
        DeploymentPage.add(to: routes)
        LogPage.add(to: routes)
        MetricsPage.add(to: routes)
        PlaygroundPage.add(to: routes)
        SecretsPage.add(to: routes)
        APIKeysPage.add(to: routes)
        MembersPage.add(to: routes)
        EnvironmentGroupsPage.add(to: routes)
        AuditPage.add(to: routes)
        MachinePage.add(to: routes)
    }
}

extension Markup {
    /// A problem that is told without knowing who asks.
    static func plainProblem(_ title: String, _ message: String, _ status: HTTPResponse.Status) -> Response {
        let markup = Markup()
        markup.document(title: title, theme: .auto) {
            markup.el(.main, .class("sign-in"), .id("content")) {
                markup.el(.h1, title)
                markup.el(.p, message)
                markup.el(.p) { markup.el(.a, "To the dashboard", .href(Path())) }
            }
        }
        return Shell.response(markup, status: status)
    }
}
