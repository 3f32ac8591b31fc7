// Signing in with an API key, and out.

import HTTPTypes
import Hummingbird
import SlipwayControl
import SlipwayCore

enum SignIn {
    /// One sentence whatever was wrong: it must not help to guess.
    static let refusal = "This key cannot sign in. Use a personal or workspace key that may manage models."

    static func add(to router: Router<DashboardContext>, _ desk: Desk) {
        router.get("/sign-in") { request, _ in
            if try await desk.cookies.session(of: request, desk.control) != nil {
                return Routes.redirect(to: Path())
            }
            return form(request, desk)
        }
        router.post("/sign-in") { request, context in
            do {
                return try await signIn(request, desk)
            } catch let error as ControlError {
                return form(request, desk, problem: error.message, status: error.status)
            }
        }
        router.get("/session") { request, _ in
            let session = try await desk.cookies.session(of: request, desk.control)
            return Response(status: session == nil ? .unauthorized : .noContent)
        }
    }

    /// The sign-in page for somebody who wanted to see something else.
    static func path(leadingTo request: Request) -> Path {
        let target = request.method == .get && request.uri.path != "/" ? request.uri.string : nil
        return Path("sign-in").query("next", target)
    }

    private static func signIn(_ request: Request, _ desk: Desk) async throws -> Response {
        // Nobody has been asked for a key yet.
        let fields = try await FormGuard.read(request, upTo: 16 << 10)
        try fields.require(only: ["key", "next", FormGuard.field])
        // Another site must not sign a person in as somebody else: what the form has must be in a cookie too.
        guard let token = fields[FormGuard.field], token.utf8.count >= 32,
            let cookie = Cookies.value(of: desk.cookies.signInName, in: request),
            FormGuard.isSame(token, cookie)
        else {
            throw ControlError.forbidden("The sign-in page was open for too long. Please try again.")
        }
        if let wait = desk.attempts.take(address: request.headers[.forwardedFor] ?? "-") {
            var response = form(
                request, desk, problem: "Too many attempts. Try again in \(wait) s.", status: .tooManyRequests
            )
            response.headers[.retryAfter] = "\(wait)"
            return response
        }
        do {
            let session = try await desk.control.signIn(key: fields["key"] ?? "")
            var response = Routes.redirect(to: fields["next"].flatMap(Path.init(returningTo:)) ?? Path())
            let lifetime = Int(ControlPlane.sessionLifetime / .seconds(1))
            response.headers[values: .setCookie] = [
                Cookies.set(desk.cookies.name, session, maxAge: lifetime, request),
                Cookies.set(desk.cookies.signInName, "", maxAge: 0, request),
            ]
            return response
        } catch ControlError.unauthorized {
            return form(request, desk, problem: refusal, status: .unauthorized, next: fields["next"])
        }
    }

    private static func form(
        _ request: Request, _ desk: Desk, problem: String? = nil, status: HTTPResponse.Status = .ok,
        next: String? = nil
    ) -> Response {
        let asked = (try? FormFields((request.uri.query ?? "").utf8))?["next"]
        let token =
            Cookies.value(of: desk.cookies.signInName, in: request).flatMap { old in
                old.utf8.count >= 32 && old.utf8.allSatisfy { 0x30...0x7A ~= $0 } ? old : nil
            } ?? newToken()
        let theme = Cookies.value(of: Theme.cookie, in: request).flatMap(Theme.init) ?? .auto
        let markup = Markup()
        markup.document(title: "Sign in", theme: theme) {
            markup.el(.main, .class("sign-in"), .id("content")) {
                markup.signInForm(token: token, next: next ?? asked, problem: problem)
            }
        }
        var response = Shell.response(markup, status: status)
        response.headers[.setCookie] = Cookies.set(desk.cookies.signInName, token, maxAge: nil, request)
        return response
    }

    private static func newToken() -> String {
        let digits = Array("0123456789abcdef")
        var random = SystemRandomNumberGenerator()
        return String((0..<64).map { _ in digits[Int.random(in: 0..<16, using: &random)] })
    }
}

extension Markup {
    fileprivate func signInForm(token: String, next: String?, problem: String?) {
        el(.h1, "Slipway")
        el(.form, .method("post"), .action(Path("sign-in")), .class("stack")) {
            void(.input, .type("hidden"), .name(FormGuard.field), .value(token))
            if let next { void(.input, .type("hidden"), .name("next"), .value(next)) }
            if let problem { el(.p, problem, .class("notice bad"), .role("alert")) }
            el(.label, "API key", .for("key"))
            void(
                .input, .type("password"), .id("key"), .name("key"), .required,
                .autocomplete("current-password"), .aria("describedby", "key-help"))
            el(.p, .id("key-help"), .class("hint")) {
                text("The first admin's key is kept in ")
                el(.code, "admin-api-key")
                text(" in the server's data directory; ")
                el(.code, "slipway members add")
                text(" makes one for each person.")
            }
            el(.button, "Sign in", .type("submit"), .class("primary"))
        }
    }
}
