// How commands let a user name a model and something of it: `hello`, `hello/deployment-3`, `hello deployment-3`,
// `hello --env production`.

import ArgumentParser

struct ModelArgument: ParsableArguments {
    @Argument(help: "Name or id of the model.") var model: String
}

/// A deployment, named in one of the ways.
struct DeploymentArguments: ParsableArguments {
    @Argument(help: "Name or id of the model, or MODEL/DEPLOYMENT.") var model: String
    @Argument(help: "Name or id of the deployment.") var deployment: String?
    @Option(name: [.customLong("deployment")], help: "The same as an option.")
    var deploymentOption: String?

    func validate() throws {
        guard (try? parts()) != nil else {
            throw ValidationError(
                "Name the deployment once: after the model, as MODEL/DEPLOYMENT or with --deployment.")
        }
    }

    /// The model and the deployment as they were written.
    func parts() throws -> (model: String, deployment: String?) {
        let split = model.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false).map(
            String.init)
        let named = [split.count > 1 ? split[1] : nil, deployment, deploymentOption].compactMap { $0 }
        guard named.count < 2, named.first != "", split.first?.isEmpty == false else {
            throw ValidationError("Name the deployment once.")
        }
        return (split[0], named.first)
    }

    /// The deployment that was named, or the only one of the model.
    func find(_ resolver: Resolver) async throws -> (model: Named, deployment: Named) {
        let (name, wanted) = try parts()
        let model = try await resolver.model(name)
        guard let wanted else { return (model, try await resolver.onlyDeployment(of: model)) }
        return (model, try await resolver.deployment(wanted, of: model))
    }
}
