// Who has access, and letting people in.

import SlipwayControl
import SlipwayCore

enum MembersPage {
    static func add(to routes: Routes) {
        routes.page("/members", is: "GET /v1/users", make)
        routes.action(
            "/members", is: "POST /v1/users", fields: ["email", "name", "role"], page: make
        ) { visit, form in
            guard let role = UserRole(rawValue: try form.required("role")) else {
                throw ControlError.validation("role: this is none of the choices.")
            }
            let made = try await visit.control.addUser(
                email: form.required("email"), name: form.text("name") ?? "", role: role, by: visit.caller)
            return .show(shown(made.user, key: made.key))
        }
    }

    private static func shown(_ user: User, key: String) -> Page {
        Page(title: "New member", area: .members, crumbs: [.init(name: "Members", path: Path("members"))]) {
            markup in
            markup.heading("\(user.email) was added")
            markup.el(
                .p, "This is their API key. It works at once and is shown this once: hand it over safely.")
            markup.el(.pre, .tabindex(0), .aria("label", "API key")) { markup.el(.code, key, .id("new-key")) }
            markup.el(
                .button, "Copy", .type("button"), .class("quiet"), .data("copy", "new-key"), .hidden,
                .aria("label", "Copy the key"))
        }
    }

    private static func make(_ visit: Visit) async throws -> Page {
        let users = try await visit.control.users()
        return Page(title: "Members", area: .members) { markup in
            markup.heading("Members")
            markup.table("Members", ["Mail address", "Name", "Role", "Since"]) {
                for user in users {
                    markup.el(.tr) {
                        markup.el(.th, user.email, .scope("row"))
                        markup.el(.td, user.name.isEmpty ? "–" : user.name)
                        markup.el(.td, user.role == .admin ? "Admin" : "Member")
                        markup.el(.td) { markup.time(user.createdAt) }
                    }
                }
            }
            if visit.may("POST /v1/users") {
                markup.section("Add a member", id: "h-add") { markup.add(visit) }
            } else {
                markup.el(.p, "Admins add members.", .class("faint"))
            }
        }
    }
}

extension Markup {
    fileprivate func add(_ visit: Visit) {
        let view = FormView("add", Path("members"), visit)
        form(view) {
            field(view, "email", "Mail address", .required)
            field(view, "name", "Name")
            choice(
                view, "role", "Role",
                [
                    ("MEMBER", "Member: pushes, promotes, changes settings"),
                    ("ADMIN", "Admin: also adds members and restricts environments"),
                ], chosen: "MEMBER")
            submit("Add member")
        }
    }
}
