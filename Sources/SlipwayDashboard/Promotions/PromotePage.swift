// Promoting: first the plan, made by the same code with nothing changed, then one button.

import SlipwayAPI
import SlipwayControl
import SlipwayCore

enum PromotePage {
    private static let operation = "POST /v1/models/{model_id}/environments/{env_name}/promote"

    static func add(to routes: Routes) {
        let path = "/models/{model_id}/environments/{env_name}/promote"
        routes.page("\(path)", is: operation, takes: ["deployment", "same_machine"], make)
        routes.action(
            "\(path)", is: operation, fields: ["deployment", "same_machine", "scale_down", "was"], page: make
        ) { visit, form in
            let (model, name) = (try visit.modelID, try visit.environment)
            // The plan that was shown is one of replacing this deployment.
            let serving = try await visit.control.environment(name, of: model).current?.deployment.id.text
            if let was = form["was"], was != serving ?? "" { throw ControlError.changedMeanwhile }
            let promoted = try await visit.control.promote(
                .id(DeploymentID(form.required("deployment"))), of: model, to: name,
                PromoteOptions(
                    scaleDownPrevious: form["scale_down"] != nil,
                    preserveEnvironmentInstanceType: form["same_machine"] == "true"), by: visit.caller)
            return .see(
                Path("models", model.text, "environments", name),
                "\(promoted.deployment.name) is being promoted to \(name).")
        }
    }

    private static func make(_ visit: Visit) async throws -> Page {
        let (control, id, name) = (visit.control, try visit.modelID, try visit.environment)
        let model = try await control.model(id).model
        let environment = try await control.environment(name, of: id)
        let candidates = try await control.deployments(of: id, named: nil).filter {
            $0.deployment.status.verdict(on: .promote, isDevelopment: $0.deployment.isDevelopment) != .refused
        }
        let chosen = (visit.refused?.fields ?? visit.query).text("deployment")
        let keepsMachine = (visit.refused?.fields ?? visit.query)["same_machine"] != "false"
        var plan: PromotionPlan?
        var problem: String?
        if let chosen {
            do {
                plan = try await control.planPromotion(
                    of: .id(DeploymentID(chosen)), of: id, to: name,
                    PromoteOptions(preserveEnvironmentInstanceType: keepsMachine), by: visit.caller)
            } catch let error as ControlError {
                problem = error.message
            }
        }
        let (shownPlan, shownProblem) = (plan, problem)
        return Page(
            title: "Promote to \(name)", area: .models,
            crumbs: [
                .init(name: "Models", path: Path()), .init(name: model.name, path: model.path),
                .init(name: name, path: environment.environment.path),
            ]
        ) { markup in
            markup.heading("Promote to \(name)")
            markup.candidates(
                candidates, environment, chosen: chosen, keepsMachine: keepsMachine)
            if let shownProblem { markup.el(.p, shownProblem, .class("notice bad"), .role("alert")) }
            if let shownPlan {
                markup.plan(shownPlan)
                markup.go(shownPlan, environment.environment, keepsMachine: keepsMachine, visit)
            }
        }
    }
}

extension Markup {
    fileprivate func candidates(
        _ candidates: [DeploymentView], _ view: EnvironmentView, chosen: String?, keepsMachine: Bool
    ) {
        guard !candidates.isEmpty else {
            empty(
                "There is no deployment that can be promoted. Push one first:",
                command: "slipway push DIRECTORY --wait")
            return
        }
        el(.form, .method("get"), .action(view.environment.path(to: "promote")), .class("row")) {
            choice(
                id: "deployment", "deployment", "Deployment",
                candidates.map { candidate in
                    let deployment = candidate.deployment
                    let isCurrent = deployment.id == view.environment.currentDeploymentID
                    return (
                        deployment.id.text,
                        "\(deployment.name) (\(deployment.status.label)\(isCurrent ? ", serves now" : ""))"
                    )
                }, chosen: chosen ?? candidates[0].deployment.id.text)
            choice(
                id: "same_machine", "same_machine", "Machine",
                [("true", "as the environment has it"), ("false", "as the deployment asks for")],
                chosen: keepsMachine ? "true" : "false")
            el(.button, "Show the plan", .type("submit"))
        }
    }

    fileprivate func plan(_ plan: PromotionPlan) {
        section("What will happen", id: "h-plan") {
            el(.ol, .class("steps")) { for step in plan.steps { el(.li, step) } }
        }
        section("What differs", id: "h-difference") {
            guard let previous = plan.previous else {
                el(.p, "There is nothing to compare with.", .class("faint"))
                return
            }
            el(.p, "\(plan.source.name), compared with \(previous.name), which serves now:")
            if plan.changes.isEmpty, plan.files.isEmpty {
                el(.p, "Config and files are the same.", .class("faint"))
            }
            configChanges(plan.changes)
            files("Added files", plan.files.added)
            files("Changed files", plan.files.changed)
            files("Removed files", plan.files.removed)
        }
    }

    private func configChanges(_ changes: [ConfigChange]) {
        guard !changes.isEmpty else { return }
        table("Changes of the config", ["Key", "Now", "Then"]) {
            for change in changes {
                el(.tr) {
                    el(.th, change.path, .scope("row"))
                    el(.td) { el(.code, change.before.map(Self.json) ?? "–") }
                    el(.td) { el(.code, change.after.map(Self.json) ?? "–") }
                }
            }
        }
    }

    private static func json(_ value: JSONValue) -> String {
        guard let bytes = try? WireJSON.encode(value) else { return "?" }
        return String(decoding: bytes, as: UTF8.self)
    }

    private func files(_ title: String, _ names: [String]) {
        guard !names.isEmpty else { return }
        el(.h3, "\(title) (\(names.count))")
        el(.ul, .class("files")) {
            for name in names.prefix(200) { el(.li) { el(.code, name) } }
            if names.count > 200 { el(.li, "and \(names.count - 200) more") }
        }
    }

    fileprivate func go(
        _ plan: PromotionPlan, _ environment: Environment, keepsMachine: Bool, _ visit: Visit
    ) {
        guard plan.action != .nothing else { return }
        let view = FormView("promote", environment.path(to: "promote"), visit)
        form(view) {
            void(.input, .type("hidden"), .name("deployment"), .value(plan.source.id.text))
            void(.input, .type("hidden"), .name("was"), .value(plan.previous?.id.text ?? ""))
            void(.input, .type("hidden"), .name("same_machine"), .value(keepsMachine ? "true" : "false"))
            if plan.previous != nil {
                checkbox(view, "scale_down", "Clean up the previous deployment afterwards", isSet: true)
            }
            submit("Promote \(plan.source.name) to \(environment.name)")
        }
    }
}
