// The parts of a deployment's page: its tabs, what can be done, its replicas, why their number changed.

import SlipwayControl
import SlipwayCore

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
    func steps(_ deployment: Deployment, _ visit: Visit) {
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

    /// The environments it can be promoted to, each with its plan.
    func waysUp(_ view: DeploymentView, _ environments: [String]) {
        let deployment = view.deployment
        let verdict = deployment.status.verdict(on: .promote, isDevelopment: deployment.isDevelopment)
        let others = environments.filter { $0 != view.environment }
        guard verdict != .refused, !others.isEmpty else { return }
        el(.div, .class("buttons")) {
            for name in others {
                let plan = Path("models", deployment.modelID.text, "environments", name, "promote")
                el(
                    .a, "Promote to \(name)…", .class("button"),
                    .href(plan.query("deployment", deployment.id.text)))
            }
        }
    }

    func replicas(_ all: [Replica], of deployment: Deployment, isOpen: Bool, _ visit: Visit) {
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

    func decisions(_ decisions: [ScalingDecision]) {
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

    func config(_ deployment: Deployment) {
        guard let config = deployment.rawConfig else { return }
        el(.details, .id("config")) {
            el(.summary, "config.yaml")
            el(.pre, .tabindex(0)) { el(.code, config) }
        }
    }

    func changes(_ deployment: Deployment, _ visit: Visit) {
        if !deployment.isDevelopment {
            section("Name", id: "h-name") {
                let view = FormView("rename", deployment.path(to: "rename"), visit)
                form(view) {
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
