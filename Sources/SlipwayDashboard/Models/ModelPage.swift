// One model: its environments side by side, its deployments as history, its promotions with their reasons.

import SlipwayControl
import SlipwayCore

enum ModelPage {
    static let operation = "GET /v1/models/{model_id}"

    static func add(to routes: Routes) {
        routes.page("/models/{model_id}", is: operation, make)
        routes.action(
            "/models/{model_id}/rename", is: "PATCH /v1/models/{model_id}", fields: ["name"], page: make
        ) { visit, form in
            let model = try await visit.control.renameModel(
                visit.modelID, to: form.required("name"), by: visit.caller)
            return .see(model.model.path, "The model is now named \(model.model.name).")
        }
        routes.action("/models/{model_id}/delete", is: "DELETE /v1/models/{model_id}", page: make) {
            visit, _ in
            let name = try await visit.control.model(visit.modelID).model.name
            try await visit.control.deleteModel(visit.modelID, by: visit.caller)
            return .see(Path(), "The model \(name) was deleted.")
        }
        routes.action(
            "/models/{model_id}/environments", is: "POST /v1/models/{model_id}/environments",
            fields: ["name"], page: make
        ) { visit, form in
            let made = try await visit.control.createEnvironment(
                form.required("name"), of: visit.modelID, autoscaling: AutoscalingChange(),
                promotion: PromotionSettingsChange(), by: visit.caller)
            return .see(made.environment.path, "The environment \(made.environment.name) was made.")
        }
    }

    /// Everything the page shows.
    struct Content: Sendable {
        var model: Model
        var environments: [EnvironmentView]
        var deployments: [DeploymentView]
        var promotions: [Promotion]
        var authors: [DeploymentID: String]
        var manageable: Set<String>

        init(_ visit: Visit) async throws {
            let (control, id) = (visit.control, try visit.modelID)
            model = try await control.model(id).model
            environments = try await control.environments(of: id)
            deployments = try await control.deployments(of: id, named: nil)
            authors = try await control.authors(of: id)
            manageable = try await control.manageableEnvironments(of: id, by: visit.caller)
            var all: [Promotion] = []
            for view in environments {
                all += try await control.promotions(into: view.environment.name, of: id).prefix(20)
            }
            promotions = all.sorted { $1.createdAt < $0.createdAt }
        }

        func name(of id: DeploymentID) -> String? {
            deployments.first { $0.deployment.id == id }?.deployment.name
        }
    }

    static func make(_ visit: Visit) async throws -> Page {
        let content = try await Content(visit)
        let model = content.model
        return Page(
            title: model.name, area: .models, crumbs: [.init(name: "Models", path: Path())],
            topics: [.model(model.id)]
        ) { markup in
            markup.heading(model.name) {
                markup.el(.code, model.id.text, .class("faint"))
                markup.el(.a, "Playground", .href(model.path(to: "playground")), .class("button"))
            }
            markup.live("environments") {
                markup.section("Environments", id: "h-environments") {
                    markup.el(.div, .class("cards")) {
                        for view in content.environments { markup.card(view, content, visit) }
                    }
                }
            }
            markup.live("deployments") { markup.deployments(content, visit) }
            markup.live("promotions") {
                markup.section("Promotions", id: "h-promotions") {
                    markup.promotions(content.promotions, names: content.name)
                }
            }
            markup.changes(content, visit)
        }
    }
}

extension Model {
    var path: Path { Path("models", id.text) }
    func path(to part: String) -> Path { Path("models", id.text, part) }
}

extension Environment {
    var path: Path { Path("models", modelID.text, "environments", name) }
    func path(to part: String) -> Path { Path("models", modelID.text, "environments", name, part) }
}

extension Markup {
    fileprivate func card(_ view: EnvironmentView, _ content: ModelPage.Content, _ visit: Visit) {
        let environment = view.environment
        el(.article, .class("card")) {
            el(.h3) { el(.a, environment.name, .href(environment.path)) }
            if let current = view.current {
                el(.p) {
                    deploymentLink(current.deployment)
                    text(" ")
                    status(current.deployment)
                }
                el(.p, "\(replicas(current)) replicas on \(current.instanceType?.name ?? "?")", .class("faint"))
            } else {
                el(.p, "Nothing is promoted here yet.", .class("faint"))
            }
            if let promotion = view.promotion, !promotion.status.isTerminal {
                runningPromotion(promotion, candidate: view.candidate, visit, content.manageable)
            } else if content.manageable.contains(environment.name) {
                el(.p) { el(.a, "Promote…", .href(environment.path(to: "promote")), .class("button")) }
            } else {
                el(.p, "Restricted: you may look, not change.", .class("faint"))
            }
        }
    }

    fileprivate func deployments(_ content: ModelPage.Content, _ visit: Visit) {
        section("Deployments", id: "h-deployments") {
            if content.deployments.isEmpty {
                empty("No deployments yet. Push one:", command: "slipway push DIRECTORY --wait")
                return
            }
            table("Deployments, newest first", ["Name", "Status", "Serves", "Pushed", "By", "Machine"]) {
                for view in content.deployments {
                    el(.tr) {
                        el(.th, .scope("row")) { deploymentLink(view.deployment) }
                        el(.td) { status(view.deployment) }
                        el(.td, view.environment ?? (view.deployment.isDevelopment ? "development" : "–"))
                        el(.td) { time(view.deployment.createdAt) }
                        el(.td, content.authors[view.deployment.id] ?? "–")
                        el(.td, view.instanceType?.name ?? view.deployment.instanceTypeID)
                    }
                }
            }
        }
    }

    fileprivate func changes(_ content: ModelPage.Content, _ visit: Visit) {
        let model = content.model
        section("Change", id: "h-change") {
            el(.div, .class("columns")) {
                if visit.may("POST /v1/models/{model_id}/environments") {
                    let add = FormView("environment", model.path(to: "environments"), visit)
                    form(add, fields: ["name"]) {
                        field(
                            add, "name", "New environment", hint: "Lower-case letters, digits and dashes.",
                            .required)
                        submit("Make environment", class: "")
                    }
                }
                if visit.may("PATCH /v1/models/{model_id}") {
                    let rename = FormView("rename", model.path(to: "rename"), visit)
                    form(rename, fields: ["name"]) {
                        field(rename, "name", "Model name", value: model.name, .required)
                        submit("Rename", class: "")
                    }
                }
            }
            if visit.may("DELETE /v1/models/{model_id}") {
                danger(
                    "delete-model", "Delete model…",
                    "Deletes \(model.name) with all its deployments and environments. Running replicas are stopped. This cannot be taken back."
                ) {
                    let delete = FormView("delete", model.path(to: "delete"), visit)
                    form(delete) { submit("Delete \(model.name)", class: "bad") }
                }
            }
        }
    }
}
