// A request of a signed-in person.

import HTTPTypes
import Hummingbird
import SlipwayControl
import SlipwayCore

/// What pages and actions work with.
struct Visit: Sendable {
    let request: Request
    let context: DashboardContext
    let session: Session
    let desk: Desk
    var query: FormFields
    /// What was sent and not taken, for the page that shows it again.
    var refused: RefusedForm?

    var control: ControlPlane { desk.control }
    var caller: Caller { session.caller }

    /// The page the browser shows: where notices belong, unlike what a page fetches by itself.
    var takesNotice: Bool { request.headers[.requestedBy] == nil && request.method == .get }

    var theme: Theme { Cookies.value(of: Theme.cookie, in: request).flatMap(Theme.init) ?? .auto }

    /// Path and query, to come back to.
    var target: String { request.method == .get ? request.uri.string : "/" }

    /// Whether the table of access lets this person do it; the server asks again when it is done.
    func may(_ operation: String) -> Bool {
        guard let rule = AccessTable.rows[operation] else { return false }
        return rule.admits(caller.grant.category, caller.user.role)
    }

    func parameter(_ name: String) throws -> String {
        let raw = try context.parameters.require(name)
        return raw.removingPercentEncoding ?? raw
    }

    var modelID: ModelID { get throws { ModelID(try parameter("model_id")) } }
    var deploymentID: DeploymentID { get throws { DeploymentID(try parameter("deployment_id")) } }
    var environment: String { get throws { try parameter("env_name") } }

    /// Page number of a list, from 1.
    /// - Throws: `ControlError.validation`.
    func pageNumber() throws -> Int {
        guard let text = query.text("page") else { return 1 }
        guard let number = Int(text), (1...1_000_000).contains(number) else {
            throw ControlError.validation("page: there is no page \(text.prefix(40)).")
        }
        return number
    }
}

/// A form that was refused: its values are shown again, with the reason where it belongs.
struct RefusedForm: Sendable {
    /// The action it was sent to.
    var path: String
    var fields: FormFields
    var message: String

    /// The reason, when it is about this field: messages begin with the name of what they are about.
    func problem(with field: String) -> String? {
        guard message.hasPrefix(field) else { return nil }
        let rest = message.dropFirst(field.count)
        guard let next = rest.first, !next.isLetter, !next.isNumber, next != "_" else { return nil }
        return message
    }
}

struct DashboardContext: RequestContext {
    var coreContext: CoreRequestContextStorage
    /// Names the request in the log and in the answer.
    let requestID: String

    init(source: ApplicationRequestContextSource) {
        coreContext = CoreRequestContextStorage(source: source)
        requestID = ""
    }

    init(core: CoreRequestContextStorage, requestID: String) {
        coreContext = core
        self.requestID = requestID
    }
}
