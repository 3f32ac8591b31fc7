// One environment: what serves, the promotion that runs, how promotions go, and all of the past with their reasons.

import SlipwayControl
import SlipwayCore

enum EnvironmentPage {
    private static let api = "/v1/models/{model_id}/environments/{env_name}"
    private static let path = "/models/{model_id}/environments/{env_name}"

    static func add(to routes: Routes) {
        routes.page("\(path)", is: "GET \(api)", make)
        for signal in PromotionSignal.allCases {
            routes.action("\(path)/\(signal.verb)", is: "POST \(api)/\(signal.verb)", page: make) {
                visit, _ in
                let name = try visit.environment
                try await visit.control.signalPromotion(signal, in: name, of: visit.modelID, by: visit.caller)
                return .see(Path("models", try visit.modelID.text, "environments", name), signal.done)
            }
        }
        routes.action("\(path)/delete", is: "DELETE \(api)", page: make) { visit, _ in
            let (model, name) = (try visit.modelID, try visit.environment)
            try await visit.control.deleteEnvironment(name, of: model, by: visit.caller)
            return .see(Path("models", model.text), "The environment \(name) was deleted.")
        }
        routes.action(
            "\(path)/settings", is: "PATCH \(api)", fields: PromotionSettingsForm.fields, page: make
        ) { visit, form in
            let (model, name) = (try visit.modelID, try visit.environment)
            let verdict = try await visit.control.updateEnvironment(
                name, of: model, autoscaling: AutoscalingChange(),
                promotion: PromotionSettingsForm.change(form),
                ifStill: { PromotionSettingsForm.state($0.promotionSettings) == form["was"] },
                by: visit.caller)
            return .see(Path("models", model.text, "environments", name), verdict.message)
        }
    }

    static func make(_ visit: Visit) async throws -> Page {
        let (control, id, name) = (visit.control, try visit.modelID, try visit.environment)
        let model = try await control.model(id).model
        let view = try await control.environment(name, of: id)
        let promotions = try await control.promotions(into: name, of: id)
        let deployments = try await control.deployments(of: id, named: nil).map(\.deployment)
        let names = Dictionary(uniqueKeysWithValues: deployments.map { ($0.id, $0.name) })
        let manageable = try await control.manageableEnvironments(of: id, by: visit.caller)
        return Page(
            title: "\(name) of \(model.name)", area: .models,
            crumbs: [.init(name: "Models", path: Path()), .init(name: model.name, path: model.path)],
            topics: [.model(id)]
        ) { markup in
            markup.heading("\(name)") {
                markup.el(
                    .a, "Playground", .class("button"),
                    .href(model.path(to: "playground").query("target", name)))
            }
            markup.live("now") {
                markup.now(view, promotions, names, visit, manageable)
            }
            markup.live("history") {
                markup.section("Promotions", id: "h-promotions") {
                    markup.promotions(promotions) { names[$0] }
                }
            }
            if manageable.contains(name) { markup.settings(view, visit) }
        }
    }
}

extension Markup {
    fileprivate func now(
        _ view: EnvironmentView, _ promotions: [Promotion], _ names: [DeploymentID: String], _ visit: Visit,
        _ manageable: Set<String>
    ) {
        let environment = view.environment
        if let current = view.current {
            el(.p) {
                deploymentLink(current.deployment)
                text(" ")
                status(current.deployment)
                el(.span, " \(replicas(current)) replicas", .class("faint"))
            }
        } else {
            el(.p, "Nothing is promoted here yet.", .class("faint"))
        }
        if let promotion = view.promotion, !promotion.status.isTerminal {
            runningPromotion(promotion, candidate: view.candidate, visit, manageable)
        } else if manageable.contains(environment.name) {
            el(.div, .class("buttons")) {
                el(.a, "Promote…", .href(environment.path(to: "promote")), .class("button primary"))
                if let before = wayBack(view, promotions, names) {
                    el(
                        .a, "Return to \(before.name)…", .class("button"),
                        .href(environment.path(to: "promote").query("deployment", before.id.text)))
                }
            }
        }
    }

    /// The deployment that served before the current one.
    private func wayBack(
        _ view: EnvironmentView, _ promotions: [Promotion], _ names: [DeploymentID: String]
    ) -> (id: DeploymentID, name: String)? {
        guard let current = view.current?.deployment.id,
            let last = promotions.first(where: { $0.status == .succeeded && $0.candidateID == current }),
            let previous = last.previousID, previous != current, let name = names[previous]
        else { return nil }
        return (previous, name)
    }

    fileprivate func settings(_ view: EnvironmentView, _ visit: Visit) {
        let environment = view.environment
        section("How promotions go", id: "h-settings") { promotionSettings(environment, visit) }
        if environment.name != Environment.production {
            danger(
                "delete-environment", "Delete environment…",
                "Deletes \(environment.name). Its deployment is kept and sleeps; a running promotion is canceled."
            ) {
                form(FormView("delete", environment.path(to: "delete"), visit)) {
                    submit("Delete \(environment.name)", class: "bad")
                }
            }
        }
    }
}
