// Follows a deployment until it is active or has failed.

import ArgumentParser
import Foundation

/// What the commands show of a deployment.
struct DeploymentState: Decodable {
    var id: String
    var name: String
    var status: String
    var environment: String?
    var is_development: Bool
}

struct Waiting {
    let server: Remote
    let model: String
    let deployment: String
    /// Nanoseconds since 1970: a development deployment has older lines, of earlier pushes.
    var begin: Int64 = 0
    private static let pending: Set<String> = [
        "BUILDING", "DEPLOYING", "LOADING_MODEL", "UPDATING", "WAKING_UP",
    ]

    /// Shows the deployment's log and statuses as they come.
    /// - Throws: `ExitCode.failure` when the deployment ends in anything but ACTIVE.
    func run() async throws {
        var last = ""
        var log = LogReader(server: server, model: model, deployment: deployment, after: begin)
        while true {
            let state = try await server.call(
                "GET", "/v1/models/\(model)/deployments/\(deployment)", as: DeploymentState.self)
            try await tell(&log)
            if state.status != last {
                say(state.status)
                last = state.status
            }
            if state.status == "ACTIVE" { return }
            guard Self.pending.contains(state.status) else {
                say("see: slipway logs \(model) \(deployment)")
                throw ExitCode.failure
            }
            try await Task.sleep(for: .milliseconds(500))
        }
    }

    /// What was logged before the status that is told next.
    private func tell(_ log: inout LogReader) async throws {
        while true {
            let (lines, more) = try await log.next()
            for line in lines { say("  " + line.message) }
            if !more { return }
        }
    }
}
