// Secrets: names are shown, values are only ever written.

import SlipwayControl

enum SecretsPage {
    static func add(to routes: Routes) {
        routes.page("/secrets", is: "GET /v1/secrets", make)
        routes.action("/secrets", is: "POST /v1/secrets", fields: ["name", "value"], page: make) {
            visit, form in
            let name = try form.required("name")
            _ = try await visit.control.upsertSecret(
                name: name, value: form["value"] ?? "", team: nil, by: visit.caller)
            return .see(
                Path("secrets"), "The secret \(name) was stored. Replicas that start from now on have it.")
        }
        routes.action(
            "/secrets/delete", is: "DELETE /v1/secrets/{secret_name}", fields: ["name"], page: make
        ) { visit, form in
            let name = try form.required("name")
            try await visit.control.deleteSecret(name: name, team: nil, by: visit.caller)
            return .see(Path("secrets"), "The secret \(name) was deleted.")
        }
    }

    private static func make(_ visit: Visit) async throws -> Page {
        let secrets = try await visit.control.secrets(team: nil)
        return Page(title: "Secrets", area: .secrets) { markup in
            markup.heading("Secrets")
            if secrets.isEmpty {
                markup.empty(
                    "No secrets yet. A model names the ones it needs in its config.yaml; set them here.")
            } else {
                markup.table("Secrets", ["Name", "Team", "Made", ""]) {
                    for (number, secret) in secrets.enumerated() { markup.row(secret, number, visit) }
                }
            }
            guard visit.may("POST /v1/secrets") else { return }
            markup.section("Set a secret", id: "h-set") { markup.set(visit) }
        }
    }
}

extension Markup {
    fileprivate func row(_ secret: SecretView, _ number: Int, _ visit: Visit) {
        el(.tr) {
            el(.th, .scope("row")) { el(.code, secret.name) }
            el(.td, secret.teamName)
            el(.td) { time(secret.createdAt) }
            el(.td) {
                guard visit.may("DELETE /v1/secrets/{secret_name}") else { return }
                danger(
                    "secret-\(number)", "Delete…",
                    "Models that need \(secret.name) will not start without it."
                ) {
                    form(FormView("delete-\(number)", Path("secrets", "delete"), visit), class: "inline") {
                        void(.input, .type("hidden"), .name("name"), .value(secret.name))
                        el(.button, "Delete \(secret.name)", .type("submit"), .class("bad"))
                    }
                }
            }
        }
    }

    fileprivate func set(_ visit: Visit) {
        let view = FormView("set", Path("secrets"), visit)
        form(view) {
            field(view, "name", "Name", hint: "One that is there gets the new value.", .required)
            // Never shown again, not even to the person who has just typed it.
            let id = "set-value"
            el(.div, .class("field")) {
                el(.label, "Value", .for(id))
                void(.input, .type("password"), .id(id), .name("value"), .autocomplete("off"), .required)
                if let problem = view.refused?.problem(with: "value") {
                    el(.p, problem, .class("hint problem"))
                }
            }
            submit("Store")
        }
    }
}
