// `slipway promote MODEL`: shows what would happen, asks, and promotes.

import ArgumentParser
import Foundation
import SlipwayAPI

struct Promote: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Promote a deployment to an environment.",
        discussion: """
            Without DEPLOYMENT the development deployment is promoted: the environment gets a copy of it. On a \
            terminal the plan is shown and a question asked; --yes skips both. Where standard input is no \
            terminal nothing is asked: use --dry-run to see the plan first.
            """)

    @OptionGroup var arguments: DeploymentArguments
    @Option(help: "Environment to promote to.") var env = "production"
    @Flag(help: "Leave the deployment that served before running.") var keepPrevious = false
    @Flag(help: "Take the deployment's instance type instead of the environment's.")
    var takeInstanceType = false
    @Flag(help: "Show what would happen, and change nothing.") var dryRun = false
    @Flag(help: "Wait until the promotion has ended, and show its stages.") var wait = false
    @Option(help: "Seconds after which --wait gives up; the promotion goes on.") var timeout: Int?
    @OptionGroup var confirmation: ConfirmationOptions
    @OptionGroup var options: ClientOptions

    func validate() throws {
        if dryRun, wait { throw ValidationError("--dry-run starts nothing that --wait could wait for.") }
        if timeout != nil, !wait { throw ValidationError("--timeout is for --wait.") }
        if let timeout, timeout < 1 { throw ValidationError("--timeout must be 1 or more.") }
    }

    func run() async throws {
        let resolver = try options.resolver()
        let (name, wanted) = try arguments.parts()
        let model = try await resolver.model(name)
        let source = try await source(wanted, of: model, resolver)
        let environment = try await resolver.environment(env, of: model)
        let place = path("v1", "models", model.id, "environments", environment.name, "promote")
        let body = PromoteToEnvironmentRequestV1(
            scaleDownPreviousDeployment: !keepPrevious, deploymentID: source.id,
            preserveEnvInstanceType: !takeInstanceType)

        let asks = !confirmation.yes && Terminal.current.inputIsTerminal
        if dryRun || asks {
            let plan = try await resolver.server.document("POST", place + "?dry_run=true", body: body)
            if dryRun, options.output.output != .table { return try options.printer.one(plan) }
            for line in PlanText.lines(plan, model: model, source: source) { sayPainted(line) }
            if dryRun { return }
            guard Question.ask("Promote?") else { throw CommandFailure("Nothing was changed.") }
        }
        let promoted = try await resolver.server.document("POST", place, body: body)
        let deployment = promoted["id"].text
        try options.printer.done("deployment \(deployment) \(promoted["status"].text)", promoted)
        guard wait else { return }
        let isDocument = options.output.output != .table
        try await PromotionWait(
            server: resolver.server, model: model, environment: environment.name, deployment: deployment,
            // A document on standard output must stay one.
            show: { isDocument ? tell($0) : say($0) }
        ).run(timeout: timeout)
    }

    /// The deployment to promote: the one that was named, else the development deployment.
    private func source(
        _ wanted: String?, of model: Named, _ resolver: Resolver
    ) async throws -> Named {
        if let wanted { return try await resolver.deployment(wanted, of: model) }
        let all = try await resolver.deployments(of: model)
        if let development = all.first(where: { $0.document["is_development"].isTrue }) { return development }
        let names = all.map(\.name).joined(separator: ", ")
        throw CommandFailure(
            "\(model.name) has no development deployment.",
            hint: all.isEmpty ? "Push one first." : "Name the deployment to promote: \(names).",
            code: .notFound)
    }
}
