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
            markup.live("deployments") { markup.deploymentHistory(content, visit) }
            markup.live("promotions") {
                markup.section("Promotions", id: "h-promotions") {
                    markup.promotions(content.promotions, names: content.name)
                }
            }
            markup.modelChanges(content, visit)
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
