// Calling a model from a form: the request goes through the gateway like any other, with the person's own key.

import SlipwayControl
import SlipwayCore

enum PlaygroundPage {
    /// Its row: who may call the model.
    private static let operation = "GET /v1/models/{model_id}"

    static func add(to routes: Routes) {
        let path = "/models/{model_id}/playground"
        routes.page("\(path)", is: operation, takes: ["target"]) { visit in try await make(visit, nil) }
        routes.action(
            "\(path)", is: operation, fields: ["target", "body"], page: { try await make($0, nil) }
        ) { visit, form in
            let model = try visit.modelID
            try visit.caller.require(.invoke(model))
            guard let target = Target(text: try form.required("target")) else {
                throw ControlError.validation("target: this is none of the choices.")
            }
            guard let base = visit.desk.inferenceURL else {
                throw ControlError.unavailable("This server has no gateway.")
            }
            guard visit.desk.predictions.take(visit.session.formToken) else {
                throw ControlError.unavailable(
                    "\(PlaygroundLimit.perSession) predictions of this session have not ended yet.")
            }
            defer { visit.desk.predictions.give(visit.session.formToken) }
            let prediction = try await Prediction.make(
                base: base, path: target.path(of: model), body: form["body"] ?? "", key: visit.session.key)
            var again = visit
            again.refused = RefusedForm(path: visit.request.uri.path, fields: form, message: "")
            return .show(try await make(again, prediction))
        }
    }

    /// What is called.
    struct Target: Sendable {
        var text: String

        /// `production`, the name of an environment, or `deployment/ID`.
        init?(text: String) {
            let parts = text.split(separator: "/", omittingEmptySubsequences: false)
            let isPlain = { (part: Substring) in
                !part.isEmpty
                    && part.utf8.allSatisfy { $0 == 45 || $0 == 95 || (48...57 ~= $0) || (97...122 ~= $0) }
            }
            guard parts.allSatisfy(isPlain),
                parts.count == 1 || (parts.count == 2 && parts[0] == "deployment")
            else { return nil }
            self.text = text
        }

        /// Below the model's host.
        var route: String {
            if text.hasPrefix("deployment/") || text == "production" || text == "development" {
                return "/\(text)/predict"
            }
            return "/environments/\(text)/predict"
        }

        func path(of model: ModelID) -> String { "/model/\(model)\(route)" }
    }

    private static func make(_ visit: Visit, _ prediction: Prediction?) async throws -> Page {
        let (control, id) = (visit.control, try visit.modelID)
        let model = try await control.model(id).model
        let environments = try await control.environments(of: id)
        let deployments = try await control.deployments(of: id, named: nil)
        var targets = environments.filter { $0.current != nil || $0.candidate != nil }.map {
            ($0.environment.name, $0.environment.name)
        }
        targets += deployments.map { view in
            view.deployment.isDevelopment
                ? ("development", "development")
                : (
                    "deployment/\(view.deployment.id)",
                    "\(view.deployment.name) (\(view.deployment.status.label))"
                )
        }
        let chosen = (visit.refused?.fields ?? visit.query).text("target") ?? targets.first?.0 ?? "production"
        let body = visit.refused?.fields["body"] ?? "{}"
        let (choices, url) = (targets, visit.desk.publicURL)
        return Page(
            title: "Playground of \(model.name)", area: .models,
            crumbs: [.init(name: "Models", path: Path()), .init(name: model.name, path: model.path)]
        ) { markup in
            markup.heading("Playground")
            guard !choices.isEmpty else {
                markup.empty(
                    "There is nothing to call yet. Push a deployment first:",
                    command: "slipway push DIRECTORY --wait")
                return
            }
            markup.request(visit, choices, chosen: chosen, body: body, model)
            if let prediction { markup.answer(prediction) }
            if let target = Target(text: chosen) {
                markup.snippets(Snippets(url: url + target.path(of: id), body: body))
            }
        }
    }
}

extension Markup {
    fileprivate func request(
        _ visit: Visit, _ targets: [(String, String)], chosen: String, body: String, _ model: Model
    ) {
        let view = FormView("playground", model.path(to: "playground"), visit)
        el(.form, .method("post"), .action(view.action), .class("stack")) {
            void(.input, .type("hidden"), .name(FormGuard.field), .value(view.token))
            choice(id: "target", "target", "Call", targets.map { (value: $0.0, label: $0.1) }, chosen: chosen)
            area(view, "body", "Request body (JSON)", value: body, rows: 10)
            submit("Predict")
        }
    }

    fileprivate func answer(_ prediction: Prediction) {
        section("Answer", id: "h-answer") {
            el(.p, .class("lead"), .role("status")) {
                badge("\(prediction.status)", prediction.status < 400 ? .ok : .bad)
                text(" after \(Chart.short(prediction.seconds)) s, \(prediction.bytes) bytes")
            }
            el(.pre, .id("answer"), .tabindex(0), .aria("label", "Answer")) { el(.code, prediction.text) }
            if prediction.isCut { el(.p, "Only the beginning is shown.", .class("faint")) }
        }
    }

    fileprivate func snippets(_ snippets: Snippets) {
        section("The same from elsewhere", id: "h-snippets") {
            for (id, title, text) in [("curl", "curl", snippets.curl), ("python", "Python", snippets.python)]
            {
                el(.h3, title)
                el(
                    .button, "Copy", .type("button"), .class("quiet"), .data("copy", id), .hidden,
                    .aria("label", "Copy \(title)"))
                el(.pre, .tabindex(0), .aria("label", title)) { el(.code, text, .id(id)) }
            }
        }
    }
}
