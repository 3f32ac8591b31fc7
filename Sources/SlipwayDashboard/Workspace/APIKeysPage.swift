// API keys: made here, shown once, ended here.

import SlipwayControl
import SlipwayCore

enum APIKeysPage {
    static func add(to routes: Routes) {
        routes.page("/api-keys", is: "GET /v1/api_keys", make)
        routes.action(
            "/api-keys", is: "POST /v1/api_keys", fields: ["name", "type", "model"], page: make
        ) { visit, form in
            guard let category = APIKeyCategory(rawValue: try form.required("type")) else {
                throw ControlError.validation("type: this is none of the choices.")
            }
            let models = form.all("model").filter { !$0.isEmpty }.map { ModelID($0) }
            let key = try await visit.control.createAPIKey(
                name: form.text("name"), category: category, modelIDs: models.isEmpty ? nil : models,
                team: nil, by: visit.caller)
            return .show(shown(key))
        }
        routes.action(
            "/api-keys/delete", is: "DELETE /v1/api_keys/{api_key_prefix}", fields: ["prefix"], page: make
        ) { visit, form in
            let prefix = try form.required("prefix")
            try await visit.control.deleteAPIKey(prefix: prefix, by: visit.caller)
            return .see(Path("api-keys"), "The API key \(prefix) was revoked.")
        }
    }

    /// The answer to the form alone has the key: nobody can ask for this page again.
    private static func shown(_ key: String) -> Page {
        Page(title: "New API key", area: .keys, crumbs: [.init(name: "API keys", path: Path("api-keys"))]) {
            markup in
            markup.heading("New API key")
            markup.el(.p, "This is the only time it is shown. Keep it where only its user can read it.")
            markup.el(.pre, .tabindex(0), .aria("label", "API key")) { markup.el(.code, key, .id("new-key")) }
            markup.el(
                .button, "Copy", .type("button"), .class("quiet"), .data("copy", "new-key"), .hidden,
                .aria("label", "Copy the key"))
        }
    }

    private static func make(_ visit: Visit) async throws -> Page {
        let keys = try await visit.control.apiKeys()
        let users = Dictionary(
            uniqueKeysWithValues: try await visit.control.users().map { ($0.id, $0.email) })
        let models = try await visit.control.models(team: nil).map(\.model)
        return Page(title: "API keys", area: .keys) { markup in
            markup.heading("API keys")
            markup.table("API keys", ["Key", "Name", "Type", "Owner", "Models", "Made", ""]) {
                for (number, view) in keys.enumerated() {
                    markup.row(view, number, users: users, models: models, visit)
                }
            }
            guard visit.may("POST /v1/api_keys") else { return }
            markup.section("Make a key", id: "h-make") { markup.make(models, visit) }
        }
    }
}

extension APIKeyCategory {
    fileprivate var label: String {
        switch self {
        case .personal: "Personal: everything you may do"
        case .workspaceManageAll: "Workspace: manage and call everything"
        case .workspaceInvoke: "Workspace: call models"
        case .workspaceExportMetrics: "Workspace: read metrics"
        case .workspaceManageAPIKeys: "Workspace: manage API keys"
        }
    }
}

extension Markup {
    fileprivate func row(
        _ view: APIKeyView, _ number: Int, users: [UserID: String], models: [Model], _ visit: Visit
    ) {
        let key = view.record
        el(.tr) {
            el(.th, .scope("row")) { el(.code, "\(key.prefix)…") }
            el(.td, key.name ?? "–")
            el(.td, key.grant.category.rawValue)
            el(.td, users[key.ownerID] ?? "–")
            let names = key.grant.modelIDs.map { ids in
                ids.map { id in models.first { $0.id == id }?.name ?? id.text }.sorted().joined(
                    separator: ", ")
            }
            el(.td, names ?? "all")
            el(.td) { time(key.createdAt) }
            el(.td) {
                guard key.canBeDeleted(by: visit.caller.user, with: visit.caller.grant.category) else {
                    return
                }
                let isOwn = key.prefix == visit.caller.keyPrefix
                danger(
                    "key-\(number)", "Revoke…",
                    isOwn
                        ? "You are signed in with this key: revoking it signs you out."
                        : "Whoever uses this key is refused from then on."
                ) {
                    form(FormView("revoke-\(number)", Path("api-keys", "delete"), visit), class: "inline") {
                        void(.input, .type("hidden"), .name("prefix"), .value(key.prefix))
                        el(.button, "Revoke \(key.prefix)", .type("submit"), .class("bad"))
                    }
                }
            }
        }
    }

    fileprivate func make(_ models: [Model], _ visit: Visit) {
        let view = FormView("make", Path("api-keys"), visit)
        let categories = APIKeyCategory.allCases.filter { visit.caller.grant.category.canMake($0) }
        form(view) {
            field(view, "name", "Name", hint: "Says later what it is for.")
            choice(
                view, "type", "Type", categories.map { ($0.rawValue, $0.label) },
                chosen: APIKeyCategory.workspaceInvoke.rawValue)
            choice(
                view, "model", "Model (for calling and metrics only)",
                [("", "all")] + models.map { ($0.id.text, $0.name) }, chosen: "")
            submit("Make key")
        }
    }
}
