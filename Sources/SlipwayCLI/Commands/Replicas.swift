// `slipway replicas`: ends one replica of a deployment, for which another starts.

import ArgumentParser
import SlipwayAPI

struct Replicas: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Terminate a replica of a deployment.",
        discussion: "`slipway logs` names the replica of each line.", subcommands: [Terminate.self])

    struct Terminate: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "End a replica; another one starts in its place.")
        @Argument(help: "Name or id of the model.") var model: String
        @Argument(help: "Name or id of the deployment.") var deployment: String
        @Argument(help: "Id of the replica.") var replica: String
        @OptionGroup var confirmation: ConfirmationOptions
        @OptionGroup var options: ClientOptions

        func run() async throws {
            let resolver = try options.resolver()
            let model = try await resolver.model(model)
            let found = try await resolver.deployment(deployment, of: model)
            try confirmation.confirm("Terminate replica \(replica) of \(model.name) \(found.name)?")
            let answer = try await resolver.server.document(
                "DELETE", Deployments.path(model, found, "replicas") + path(replica))
            try options.printer.done("replica \(replica) is being terminated", answer)
        }
    }
}
