// All models: what serves where, what is under way, and what waits for what.

import SlipwayControl
import SlipwayCore

enum OverviewPage {
    private static let size = 50

    static func add(to routes: Routes) {
        routes.page("/", is: "GET /v1/models", takes: ["q", "page"], make)
    }

    private static func make(_ visit: Visit) async throws -> Page {
        let (search, number) = (visit.query.text("q") ?? "", try visit.pageNumber())
        let found = try await visit.control.overview(
            matching: search, offset: (number - 1) * size, limit: size)
        let url = visit.desk.publicURL
        return Page(title: "Models", area: .models, topics: [.models]) { markup in
            markup.heading("Models") { markup.search(search) }
            markup.live("models") {
                if found.models.isEmpty {
                    markup.nothing(search: search, url: url, isPage: number > 1)
                } else {
                    markup.models(found.models)
                }
                markup.pager(Path().query("q", search), page: number, size: size, total: found.total)
            }
        }
    }
}

extension Markup {
    fileprivate func search(_ text: String) {
        el(.form, .method("get"), .action(Path()), .role("search"), .class("inline")) {
            el(.label, "Search models", .for("q"), .class("hidden-text"))
            void(.input, .type("search"), .id("q"), .name("q"), .value(text), .placeholder("Search by name"))
            el(.button, "Search", .type("submit"))
        }
    }

    fileprivate func nothing(search: String, url: String, isPage: Bool) {
        if !search.isEmpty {
            empty("No model has “\(search)” in its name.")
        } else if isPage {
            empty("There are no models on this page.")
        } else {
            empty(
                "No models yet. Push one from a directory with a config.yaml:",
                command: "slipway push Examples/hello --wait")
        }
    }

    fileprivate func models(_ models: [ModelOverview]) {
        table("Models", ["Model", "Environment", "Deployment", "Status", "Replicas", "Promotion"]) {
            for entry in models { rows(of: entry) }
        }
    }

    private func rows(of entry: ModelOverview) {
        var rows: [() -> Void] = entry.environments.map { view in { self.cells(view) } }
        if let development = entry.development {
            rows.append { self.cells("development", development) }
        }
        if let newest = entry.newest { rows.append { self.cells("–", newest) } }
        for (number, row) in rows.enumerated() {
            el(.tr, .class(number == 0 ? "first" : "more")) {
                // The name stands in each row for those who hear the table, and in the first for those who see it.
                el(.th, .scope("row")) {
                    if number == 0 {
                        el(.a, entry.model.name, .href(Path("models", entry.model.id.text)))
                    } else {
                        el(.span, entry.model.name, .class("hidden-text"))
                    }
                }
                row()
            }
        }
    }

    private func cells(_ view: EnvironmentView) {
        let (model, name) = (view.environment.modelID.text, view.environment.name)
        el(.td) { el(.a, name, .href(Path("models", model, "environments", name))) }
        let promotion = view.promotion.flatMap { $0.status.isTerminal ? nil : $0 }
        guard let shown = view.current ?? view.candidate else {
            el(.td, "none yet", .class("faint"))
            el(.td, "")
            el(.td, "")
            el(.td) { if let promotion { progress(promotion) } }
            return
        }
        deploymentCells(shown)
        el(.td) {
            if let promotion { progress(promotion) }
            if let candidate = view.candidate, view.current != nil {
                text(" to ")
                deploymentLink(candidate.deployment)
                text(" ")
                status(candidate.deployment)
            }
        }
    }

    private func cells(_ place: String, _ view: DeploymentView) {
        el(.td, place, .class("faint"))
        deploymentCells(view)
        el(.td, "")
    }

    private func deploymentCells(_ view: DeploymentView) {
        el(.td) { deploymentLink(view.deployment) }
        el(.td) { status(view.deployment) }
        el(.td, replicas(view), .class("number"))
    }
}

extension Markup {
    func deploymentLink(_ deployment: Deployment) {
        el(.a, deployment.name, .href(deployment.path), .title(deployment.id.text))
    }

    /// Ready replicas and how many there may be.
    func replicas(_ view: DeploymentView) -> String {
        let settings = view.deployment.autoscaling
        return "\(view.activeReplicas) (\(settings.minReplica)–\(settings.maxReplica))"
    }

    /// How far a running promotion has come and what it waits for.
    func progress(_ promotion: Promotion) {
        badge("\(promotion.status.label), \(promotion.rollout.percent) %", promotion.status.tone)
        if let waits = promotion.rollout.waitsFor { el(.span, waits, .class("reason")) }
    }
}

extension Deployment {
    var path: Path { Path("models", modelID.text, "deployments", id.text) }
}
