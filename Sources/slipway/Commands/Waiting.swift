// Follows a deployment until it is active or has failed.

import ArgumentParser
import Foundation

/// What the commands show of a deployment.
struct DeploymentState: Decodable {
    var id: String
    var name: String
    var status: String
    var environment: String?
}

struct Waiting {
    let server: Remote
    let model: String
    let deployment: String
    private static let pending: Set<String> = [
        "BUILDING", "DEPLOYING", "LOADING_MODEL", "UPDATING", "WAKING_UP",
    ]

    /// - Throws: `ExitCode.failure` when the deployment ends in anything but ACTIVE.
    func run() async throws {
        var last = ""
        while true {
            let state = try await server.call(
                "GET", "/v1/models/\(model)/deployments/\(deployment)", as: DeploymentState.self)
            if state.status != last {
                print(state.status)
                last = state.status
            }
            if state.status == "ACTIVE" { return }
            guard Self.pending.contains(state.status) else {
                print("see: slipway logs \(model) \(deployment)")
                throw ExitCode.failure
            }
            try await Task.sleep(for: .milliseconds(300))
        }
    }
}
