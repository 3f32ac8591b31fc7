// Environments by name, over all models: who may promote into them and change their settings.

import SlipwayControl
import SlipwayCore

enum EnvironmentGroupsPage {
    private static let operation = "PATCH /v1/environment_groups/{env_name}"

    static func add(to routes: Routes) {
        routes.page("/environments", is: "GET /v1/environment_groups", make)
        routes.action(
            "/environments/{env_name}", is: operation, fields: ["restricted", "user", "was"], page: make
        ) { visit, form in
            let name = try visit.environment
            let isRestricted = form["restricted"] != nil
            _ = try await visit.control.restrict(
                name, team: nil, isRestricted,
                userIDs: isRestricted ? form.all("user").map { UserID($0) } : [],
                ifStill: { state($0) == form["was"] }, by: visit.caller)
            return .see(
                Path("environments"),
                isRestricted ? "\(name) is restricted now." : "\(name) is open to everybody now.")
        }
    }

    /// What the form shows, in one word.
    fileprivate static func state(_ group: EnvironmentGroup) -> String {
        ([group.isRestricted ? "restricted" : "open"] + group.userIDs.map(\.text).sorted())
            .joined(separator: " ")
    }

    private static func make(_ visit: Visit) async throws -> Page {
        let groups = try await visit.control.environmentGroups(team: nil)
        let users = try await visit.control.users()
        return Page(title: "Environments", area: .environments) { markup in
            markup.heading("Environments")
            markup.el(
                .p,
                "In a restricted environment only admins and the people named promote and change settings, in every model of the team. Looking and predicting stay open."
            )
            if groups.isEmpty { markup.empty("There is no environment yet: the first push makes one.") }
            for view in groups { markup.group(view, users, visit) }
        }
    }
}

extension Markup {
    fileprivate func group(_ view: EnvironmentGroupView, _ users: [User], _ visit: Visit) {
        let name = view.group.name
        el(.article, .class("card")) {
            el(.h2, name)
            badge(view.group.isRestricted ? "Restricted" : "Open", view.group.isRestricted ? .idle : .ok)
            if view.group.isRestricted {
                el(.p, "Managed by " + view.managers.map(\.email).joined(separator: ", "))
            }
            guard visit.may("PATCH /v1/environment_groups/{env_name}") else { return }
            let edit = FormView("group-\(name)", Path("environments", name), visit)
            form(edit) {
                let was = EnvironmentGroupsPage.state(view.group)
                void(.input, .type("hidden"), .name("was"), .value(was))
                checkbox(edit, "restricted", "Restricted", isSet: view.group.isRestricted)
                el(.fieldset) {
                    el(.legend, "May manage it, besides admins")
                    for user in users where user.role != .admin {
                        checkbox(
                            id: "\(edit.id)-\(user.id)", "user", user.email, value: user.id.text,
                            isSet: view.group.userIDs.contains(user.id))
                    }
                    if users.allSatisfy({ $0.role == .admin }) {
                        el(.p, "There are no other members.", .class("faint"))
                    }
                }
                submit("Save", class: "")
            }
        }
    }
}
