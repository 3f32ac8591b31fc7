// The frame around every page: navigation, who is signed in, notices, the switch of colours.

import Hummingbird
import NIOCore
import SlipwayControl

enum Shell {
    static func render(_ page: Page, for visit: Visit) -> Response {
        let markup = Markup()
        let notice = visit.takesNotice ? visit.desk.notices.take(for: visit.session.formToken) : nil
        markup.document(title: page.title, theme: visit.theme, events: events(of: page)) {
            markup.el(.a, "Skip to content", .class("skip"), .href(fragment: "content"))
            markup.topBar(visit)
            markup.el(.div, .class("frame")) {
                markup.navigation(current: page.area)
                markup.el(.main, .id("content"), .tabindex(-1)) {
                    markup.el(.p, "", .id("connection"), .class("connection"), .role("status"), .hidden)
                    if let notice { markup.el(.p, notice, .class("notice ok"), .role("status")) }
                    // Whatever form it was of, which may not be on the page any more.
                    if let refused = visit.refused, !refused.message.isEmpty {
                        markup.el(.p, refused.message, .class("notice bad"), .role("alert"))
                    }
                    markup.crumbs(page.crumbs)
                    page.content(markup)
                    markup.footnote()
                }
            }
        }
        return response(markup, status: page.status)
    }

    static func response(_ markup: Markup, status: HTTPResponse.Status = .ok) -> Response {
        Response(
            status: status, headers: [.contentType: "text/html; charset=utf-8"],
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: markup.bytes)))
    }

    private static func events(of page: Page) -> Path? {
        guard !page.topics.isEmpty else { return nil }
        return page.topics.sorted { "\($0)" < "\($1)" }.reduce(Path("events")) { path, topic in
            switch topic {
            case .models: path.query("models", "all")
            case .model(let id): path.query("model", id.text)
            case .log(let id): path.query("log", id.text)
            }
        }
    }
}

extension Markup {
    /// The document with its head; `content` is its body.
    func document(title: String, theme: Theme, events: Path? = nil, content: () -> Void) {
        doctype()
        el(.html, .lang("en"), .data("theme", theme.rawValue)) {
            el(.head) {
                void(.meta, .charset("utf-8"))
                void(.meta, .name("viewport"), .content("width=device-width, initial-scale=1"))
                void(.meta, .name("color-scheme"), .content(theme == .auto ? "light dark" : theme.rawValue))
                el(.title, "\(title) · Slipway")
                void(.link, .rel("icon"), .type("image/svg+xml"), .href(Assets.shared.path("icon.svg")))
                void(.link, .rel("stylesheet"), .href(Assets.shared.path("app.css")))
                el(.script, "", .type("module"), .src(Assets.shared.path("app.js")))
            }
            el(.body, with: events.map { [.data("events", $0.text)] } ?? [], content: content)
        }
    }

    fileprivate func topBar(_ visit: Visit) {
        el(.header, .class("top")) {
            el(.a, .class("brand"), .href(Path())) { text("Slipway") }
            el(.div, .class("who")) {
                el(.span, .class("email"), .title("Signed in with the API key \(visit.caller.keyPrefix)…")) {
                    text(visit.caller.user.email)
                    el(.small, visit.caller.user.role == .admin ? " admin" : " member")
                }
                themeSwitch(visit)
                postForm(Path("sign-out"), visit) {
                    el(.button, "Sign out", .class("quiet"), .type("submit"))
                }
            }
        }
    }

    private func themeSwitch(_ visit: Visit) {
        postForm(Path("theme"), visit) {
            void(.input, .type("hidden"), .name("back"), .value(visit.target))
            el(
                .button, "Theme: \(visit.theme.name)", .class("quiet"), .type("submit"), .name("theme"),
                .value(visit.theme.next.rawValue), .title("Switch to \(visit.theme.next.name)"))
        }
    }

    fileprivate func navigation(current: Page.Area) {
        el(.nav, .class("side"), .aria("label", "Main")) {
            el(.ul) {
                for area in Page.Area.allCases {
                    el(.li) {
                        let here: [Attribute] = area == current ? [.aria("current", "page")] : []
                        el(.a, with: [.href(area.path)] + here) { text(area.name) }
                    }
                }
            }
        }
    }

    fileprivate func crumbs(_ crumbs: [Page.Crumb]) {
        guard !crumbs.isEmpty else { return }
        el(.nav, .class("crumbs"), .aria("label", "Breadcrumb")) {
            el(.ol) {
                for crumb in crumbs { el(.li) { el(.a, crumb.name, .href(crumb.path)) } }
            }
        }
    }

    fileprivate func footnote() {
        el(.footer, .class("foot")) {
            text("Times in ")
            el(.span, "UTC", .data("zone", "1"))
        }
    }
}
