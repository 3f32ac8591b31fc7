// The audit log: who changed what and when.

import SlipwayAPI
import SlipwayControl
import SlipwayCore

enum AuditPage {
    private static let size = 50

    static func add(to routes: Routes) {
        routes.page("/audit", is: "GET /v1/audit_logs", takes: ["q", "cursor"], make)
    }

    private static func make(_ visit: Visit) async throws -> Page {
        var filter = AuditFilter()
        filter.search = visit.query.text("q")
        var cursor = AuditCursor(ascending: false)
        if let text = visit.query.text("cursor") {
            guard let given = AuditCursor(text: text) else {
                throw ControlError.validation("cursor: this is not a cursor of an earlier page.")
            }
            cursor = given
        }
        let page = try await visit.control.auditLog(filter, from: cursor, limit: size)
        let search = filter.search ?? ""
        return Page(title: "Audit log", area: .audit) { markup in
            markup.heading("Audit log") { markup.search(search) }
            if page.events.isEmpty {
                markup.empty("Nothing found.")
            } else {
                markup.events(page.events)
            }
            if let next = page.next {
                markup.el(.nav, .class("pager"), .aria("label", "Pages")) {
                    markup.el(
                        .a, "Older", .href(Path("audit").query("q", search).query("cursor", next.text)))
                }
            }
        }
    }
}

extension Markup {
    fileprivate func search(_ text: String) {
        el(.form, .method("get"), .action(Path("audit")), .role("search"), .class("inline")) {
            el(.label, "Search names and ids", .for("q"), .class("hidden-text"))
            void(.input, .type("search"), .id("q"), .name("q"), .value(text), .placeholder("Name or id"))
            el(.button, "Search", .type("submit"))
        }
    }

    fileprivate func events(_ events: [AuditEvent]) {
        table("Changes, newest first", ["When", "Who", "With", "What", "About"]) {
            for event in events {
                el(.tr) {
                    el(.td) { time(event.at) }
                    el(.td, event.userEmail ?? "Slipway itself")
                    el(
                        .td,
                        [event.keyName ?? event.keyPrefix, event.clientName].compactMap(\.self).joined(
                            separator: ", "))
                    el(.td, event.type.inWords)
                    el(.td) { about(event) }
                }
            }
        }
    }

    /// Names in front, all that is known behind them.
    private func about(_ event: AuditEvent) {
        guard case .object(let members)? = try? WireJSON.decode(JSONValue.self, from: Array(event.data.utf8))
        else { return }
        let order = ["model_name", "deployment_name", "environment_name"]
        let others = members.keys.sorted().filter { key in
            !order.contains(key) && ["name", "email", "prefix"].contains { key.hasSuffix($0) }
        }
        let names = (order + others).compactMap { key in
            if case .string(let name)? = members[key] { name } else { nil }
        }
        text(names.joined(separator: " · "))
        el(.details) {
            el(.summary, "All")
            el(.pre, .tabindex(0), .aria("label", "All members")) { el(.code, event.data) }
        }
    }
}
