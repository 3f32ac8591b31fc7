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
                markup.waysUp(view, manageable.sorted())
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
