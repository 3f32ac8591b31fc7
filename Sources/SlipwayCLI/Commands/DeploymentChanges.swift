// `slipway deployments activate|deactivate|retry|rename|scale|delete`.

import ArgumentParser
import SlipwayAPI

extension Deployments {
    struct Activate: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Start a deployment that is inactive.")
        @OptionGroup var arguments: DeploymentArguments
        @OptionGroup var options: ClientOptions

        func run() async throws { try await signal("activate", "is being started", arguments, options) }
    }

    struct Retry: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Build and start a deployment again that failed.")
        @OptionGroup var arguments: DeploymentArguments
        @OptionGroup var options: ClientOptions

        func run() async throws { try await signal("retry", "is tried again", arguments, options) }
    }

    struct Deactivate: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Stop a deployment; it serves nothing until it is activated.")
        @OptionGroup var arguments: DeploymentArguments
        @OptionGroup var confirmation: ConfirmationOptions
        @OptionGroup var options: ClientOptions

        func run() async throws {
            try await signal("deactivate", "is being stopped", arguments, options) { model, deployment in
                let serves = deployment.document[path: "environment"].map { " It serves \($0.text)." } ?? ""
                try confirmation.confirm(
                    "Deactivate \(deployment.name) (\(deployment.id)) of \(model.name)?\(serves)")
            }
        }
    }

    struct Rename: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Rename a deployment.")
        @Argument(help: "Name or id of the model.") var model: String
        @Argument(help: "Name or id of the deployment.") var deployment: String
        @Argument(help: "The new name.") var name: String
        @OptionGroup var options: ClientOptions

        func run() async throws {
            let resolver = try options.resolver()
            let model = try await resolver.model(model)
            let found = try await resolver.deployment(deployment, of: model)
            let renamed = try await resolver.server.document(
                "PATCH", Deployments.path(model, found), body: ["name": .string(name)] as JSONValue)
            try options.printer.done("deployment \(found.id) is called \(name)", renamed)
        }
    }

    struct Scale: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Change how many replicas a deployment may have and when it gets more.")
        @OptionGroup var arguments: DeploymentArguments
        @OptionGroup var settings: AutoscalingOptions
        @OptionGroup var options: ClientOptions

        func validate() throws { try settings.requireOne() }

        func run() async throws {
            let resolver = try options.resolver()
            let (model, deployment) = try await arguments.find(resolver)
            let answer = try await resolver.server.document(
                "PATCH", Deployments.path(model, deployment, "autoscaling_settings"), body: settings.body)
            try options.printer.done(answer["message"].text, answer)
        }
    }

    struct Delete: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Delete a deployment.")
        @OptionGroup var arguments: DeploymentArguments
        @OptionGroup var confirmation: ConfirmationOptions
        @OptionGroup var options: ClientOptions

        func validate() throws { try arguments.requireDeployment() }

        func run() async throws {
            let resolver = try options.resolver()
            let (model, deployment) = try await arguments.find(resolver)
            try confirmation.confirm("Delete \(deployment.name) (\(deployment.id)) of \(model.name)?")
            let gone = try await resolver.server.document("DELETE", Deployments.path(model, deployment))
            try options.printer.done("deployment \(deployment.name) (\(deployment.id)) is deleted", gone)
        }
    }

    private static func signal(
        _ verb: String, _ done: String, _ arguments: DeploymentArguments, _ options: ClientOptions,
        ask: (Named, Named) throws -> Void = { _, _ in }
    ) async throws {
        let resolver = try options.resolver()
        let (model, deployment) = try await arguments.find(resolver)
        try ask(model, deployment)
        let answer = try await resolver.server.document("POST", path(model, deployment, verb))
        try options.printer.done("deployment \(deployment.name) (\(deployment.id)) \(done)", answer)
    }
}

extension DeploymentArguments {
    /// For what cannot be undone: the only deployment there is must be named too.
    func requireDeployment() throws {
        guard try parts().deployment != nil else { throw ValidationError("Name the deployment.") }
    }
}
