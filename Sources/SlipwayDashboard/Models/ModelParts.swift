// The parts of a model's page: an environment as a card, the deployments, the forms that change it.

import SlipwayControl
import SlipwayCore

extension Markup {
    func card(_ view: EnvironmentView, _ content: ModelPage.Content, _ visit: Visit) {
        let environment = view.environment
        el(.article, .class("card")) {
            el(.h3) { el(.a, environment.name, .href(environment.path)) }
            if let current = view.current {
                el(.p) {
                    deploymentLink(current.deployment)
                    text(" ")
                    status(current.deployment)
                }
                el(
                    .p, "\(replicas(current)) replicas on \(current.instanceType?.name ?? "?")",
                    .class("faint"))
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

    func deploymentHistory(_ content: ModelPage.Content, _ visit: Visit) {
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

    func modelChanges(_ content: ModelPage.Content, _ visit: Visit) {
        let model = content.model
        section("Change", id: "h-change") {
            el(.div, .class("columns")) {
                if visit.may("POST /v1/models/{model_id}/environments") {
                    let add = FormView("environment", model.path(to: "environments"), visit)
                    form(add) {
                        field(
                            add, "name", "New environment", hint: "Lower-case letters, digits and dashes.",
                            .required)
                        submit("Make environment", class: "")
                    }
                }
                if visit.may("PATCH /v1/models/{model_id}") {
                    let rename = FormView("rename", model.path(to: "rename"), visit)
                    form(rename) {
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
