// `slipway promote MODEL`: the founding call from the command line.

import ArgumentParser
import Foundation
import SlipwayAPI

struct Promote: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Promote a deployment to production.",
        discussion: "Without DEPLOYMENT the development deployment is promoted: production gets a copy of it."
    )

    @Argument(help: "Id of the model.") var model: String
    @Argument(help: "Id of the deployment.") var deployment: String?
    @Flag(help: "Leave the previous production deployment running.") var keepPrevious = false
    @Flag(help: "Wait until the new production deployment is active or has failed.") var wait = false
    @OptionGroup var remote: RemoteOptions

    func run() async throws {
        let server = try remote.connect()
        let promoted = try await server.call(
            "POST", "/v1/models/\(model)/deployments/\(deployment ?? "development")/promote",
            body: PromoteRequestV1(scaleDownPreviousProduction: !keepPrevious), as: DeploymentState.self)
        say("deployment \(promoted.id) \(promoted.status)")
        if wait { try await Waiting(server: server, model: model, deployment: promoted.id).run() }
    }
}
