// One deployment: its status with the reason, its replicas, its settings, why the number of replicas changed.

import SlipwayControl
import SlipwayCore

enum DeploymentPage {
    static let api = "/v1/models/{model_id}/deployments/{deployment_id}"
    static let path = "/models/{model_id}/deployments/{deployment_id}"

    static func add(to routes: Routes) {
        routes.page("\(path)", is: "GET \(api)", make)
        addSteps(to: routes)
        routes.action("\(path)/rename", is: "PATCH \(api)", fields: ["name"], page: make) { visit, form in
            let view = try await visit.control.renameDeployment(
                visit.deploymentID, of: visit.modelID, to: form.required("name"), by: visit.caller)
            return .see(view.deployment.path, "The deployment is now named \(view.deployment.name).")
        }
        routes.action("\(path)/delete", is: "DELETE \(api)", page: make) { visit, _ in
            let model = try visit.modelID
            try await visit.control.deleteDeployment(visit.deploymentID, of: model, by: visit.caller)
            return .see(Path("models", model.text), "The deployment was deleted.")
        }
        routes.action(
            "\(path)/replicas/{replica_id}/end", is: "DELETE \(api)/replicas/{replica_id}", page: make
        ) { visit, _ in
            let replica = try visit.parameter("replica_id")
            try await visit.control.terminate(
                ReplicaID(replica), of: visit.deploymentID, model: visit.modelID, by: visit.caller)
            return .see(
                try visit.deploymentPath, "The replica \(replica) ends with its last request.")
        }
        routes.action(
            "\(path)/autoscaling", is: "PATCH \(api)/autoscaling_settings", fields: AutoscalingForm.fields,
            page: make
        ) { visit, form in
            let verdict = try await visit.control.updateAutoscaling(
                .id(visit.deploymentID), of: visit.modelID, AutoscalingForm.change(form),
                ifStill: AutoscalingForm.expected(form), by: visit.caller)
            return .see(try visit.deploymentPath, verdict.message)
        }
    }

    private static func addSteps(to routes: Routes) {
        routes.action("\(path)/activate", is: "POST \(api)/activate", page: make) { visit, _ in
            try await visit.control.activate(.id(visit.deploymentID), of: visit.modelID, by: visit.caller)
            return .see(try visit.deploymentPath, "The deployment starts.")
        }
        routes.action("\(path)/deactivate", is: "POST \(api)/deactivate", page: make) { visit, _ in
            try await visit.control.deactivate(.id(visit.deploymentID), of: visit.modelID, by: visit.caller)
            return .see(try visit.deploymentPath, "The deployment finishes its requests and stops.")
        }
        routes.action("\(path)/retry", is: "POST \(api)/retry", page: make) { visit, _ in
            let result = try await visit.control.retry(
                .id(visit.deploymentID), of: visit.modelID, by: visit.caller)
            return .see(try visit.deploymentPath, result.reason ?? "The failed step runs again.")
        }
    }

    static func make(_ visit: Visit) async throws -> Page {
        let (control, id, model) = (visit.control, try visit.deploymentID, try visit.modelID)
        let view = try await control.deployment(.id(id), of: model)
        let name = try await control.model(model).model.name
        let replicas = try await control.replicas(of: id, model: model)
        let decisions = try await control.scalingDecisions(of: id, model: model)
        let author = try await control.authors(of: model)[id]
        let manageable = try await control.manageableEnvironments(of: model, by: visit.caller)
        let isOpen = view.environment.map(manageable.contains) ?? true
        let deployment = view.deployment
        return Page(
            title: "\(deployment.name) of \(name)", area: .models,
            crumbs: [
                .init(name: "Models", path: Path()), .init(name: name, path: Path("models", model.text)),
            ], topics: [.model(model)]
        ) { markup in
            markup.heading(deployment.name) { markup.el(.code, id.text, .class("faint")) }
            markup.tabs(of: deployment, current: .overview)
            markup.live("state") {
                markup.el(.p, .class("lead")) { markup.status(deployment) }
                if isOpen { markup.steps(deployment, visit) }
                markup.facts(facts(view, author: author))
                markup.replicas(replicas, of: deployment, isOpen: isOpen, visit)
            }
            if isOpen { markup.autoscaling(deployment, visit) }
            markup.live("decisions") { markup.decisions(decisions) }
            markup.config(deployment)
            if isOpen { markup.changes(deployment, visit) }
        }
    }

    private static func facts(_ view: DeploymentView, author: String?) -> [(name: String, value: Fact)] {
        let deployment = view.deployment
        let serves = view.environment ?? (deployment.isDevelopment ? "development" : "no environment")
        return [
            ("Serves", .text(serves)), ("Pushed", .moment(deployment.createdAt)),
            ("By", .text(author ?? "unknown")),
            ("Machine", .text(view.instanceType?.name ?? deployment.instanceTypeID)),
            ("Replicas", .text("\(view.activeReplicas) ready")),
            ("Status since", .moment(deployment.statusSince)),
        ]
    }
}

extension Visit {
    var deploymentPath: Path {
        get throws { Path("models", try modelID.text, "deployments", try deploymentID.text) }
    }
}

/// The pages of a deployment.
enum DeploymentTab: CaseIterable {
    case overview, logs, metrics

    var name: String {
        switch self {
        case .overview: "Overview"
        case .logs: "Logs"
        case .metrics: "Metrics"
        }
    }
}

extension Deployment {
    func path(to part: String) -> Path { Path("models", modelID.text, "deployments", id.text, part) }

    func path(to tab: DeploymentTab) -> Path {
        switch tab {
        case .overview: path
        case .logs: path(to: "logs")
        case .metrics: path(to: "metrics")
        }
    }
}

extension Markup {
    func tabs(of deployment: Deployment, current: DeploymentTab) {
        el(.nav, .class("tabs"), .aria("label", "Deployment")) {
            for tab in DeploymentTab.allCases {
                let mark: [Attribute] = tab == current ? [.aria("current", "page")] : []
                el(.a, with: [.href(deployment.path(to: tab))] + mark) { text(tab.name) }
            }
            let target = Path("models", deployment.modelID.text, "playground")
            el(.a, "Playground", .href(target.query("target", "deployment/\(deployment.id)")))
        }
    }

    /// What its status allows.
    fileprivate func steps(_ deployment: Deployment, _ visit: Visit) {
        let steps: [(DeploymentAction, String, String)] = [
            (.activate, "activate", "Activate"), (.deactivate, "deactivate", "Deactivate"),
            (.retry, "retry", "Try again"),
        ]
        el(.div, .class("buttons")) {
            for (action, verb, label) in steps where deployment.status.verdict(on: action) == .accepted {
                postForm(deployment.path(to: verb), visit) {
                    el(.button, label, .type("submit"), .id("step-\(verb)"))
                }
            }
        }
    }

    fileprivate func replicas(_ all: [Replica], of deployment: Deployment, isOpen: Bool, _ visit: Visit) {
        section("Replicas", id: "h-replicas") {
            guard !all.isEmpty else {
                el(.p, "None runs now.", .class("faint"))
                return
            }
            table("Replicas", ["Id", "State", "Started", ""]) {
                for replica in all {
                    el(.tr) {
                        el(.th, .scope("row")) { el(.code, replica.id.text) }
                        el(.td) {
                            badge(replica.label, replica.tone)
                            if let reason = replica.reason { el(.span, reason, .class("reason")) }
                        }
                        el(.td) { time(replica.startedAt) }
                        el(.td) {
                            if isOpen, replica.drainingSince == nil {
                                let end = Path(
                                    "models", deployment.modelID.text, "deployments", deployment.id.text,
                                    "replicas", replica.id.text, "end")
                                postForm(end, visit) {
                                    el(
                                        .button, "End this one", .type("submit"),
                                        .id("end-\(replica.id)"),
                                        .aria("label", "End replica \(replica.id)"))
                                }
                            }
                        }
                    }
                }
            }
        }
    }

    fileprivate func decisions(_ decisions: [ScalingDecision]) {
        section("Why the number of replicas changed", id: "h-decisions") {
            guard !decisions.isEmpty else {
                el(.p, "It has not changed yet.", .class("faint"))
                return
            }
            table("Scaling decisions, newest first", ["When", "From", "To", "Why"]) {
                for decision in decisions.prefix(30) {
                    el(.tr) {
                        el(.td) { time(decision.at) }
                        el(.td, "\(decision.from)", .class("number"))
                        el(.td, "\(decision.to)", .class("number"))
                        el(.td, decision.reason)
                    }
                }
            }
        }
    }

    fileprivate func config(_ deployment: Deployment) {
        guard let config = deployment.rawConfig else { return }
        el(.details, .id("config")) {
            el(.summary, "config.yaml")
            el(.pre, .tabindex(0)) { el(.code, config) }
        }
    }

    fileprivate func changes(_ deployment: Deployment, _ visit: Visit) {
        if !deployment.isDevelopment {
            section("Name", id: "h-name") {
                let view = FormView("rename", deployment.path(to: "rename"), visit)
                form(view, fields: ["name"]) {
                    field(view, "name", "Deployment name", value: deployment.name, .required)
                    submit("Rename", class: "")
                }
            }
        }
        danger(
            "delete-deployment", "Delete deployment…",
            "Deletes \(deployment.name) with its logs and metrics. This cannot be taken back."
        ) {
            form(FormView("delete", deployment.path(to: "delete"), visit)) {
                submit("Delete \(deployment.name)", class: "bad")
            }
        }
    }
}

extension Replica {
    fileprivate var label: String {
        if drainingSince != nil { return "Finishes its requests" }
        return switch phase {
        case .starting: "Starting"
        case .loading: "Loading the model"
        case .ready: "Ready"
        case .unhealthy: "Unhealthy"
        case .exited(let code): "Ended with \(code)"
        }
    }

    fileprivate var tone: Tone {
        if drainingSince != nil { return .idle }
        return switch phase {
        case .starting, .loading: .busy
        case .ready: .ok
        case .unhealthy, .exited: .bad
        }
    }
}
