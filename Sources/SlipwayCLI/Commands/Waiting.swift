// Follows a deployment until it is active or has failed.

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
    /// - Throws: `CommandFailure` when the deployment ends in anything but ACTIVE, or takes longer than `timeout` seconds.
    func run(timeout: Int? = nil) async throws {
        let start = ContinuousClock.now
        let progress = ProgressLine()
        defer { progress.clear() }
        var last = ""
        var log = LogReader(server: server, model: model, deployment: deployment, after: begin)
        while true {
            let state = try await server.call(
                "GET", path("v1", "models", model, "deployments", deployment), as: DeploymentState.self)
            progress.clear()
            try await Self.tell(&log)
            if state.status != last {
                say(state.status)
                last = state.status
            }
            if state.status == "ACTIVE" { return }
            guard Self.pending.contains(state.status) else {
                throw CommandFailure(
                    "The deployment is \(state.status).", hint: "See: slipway logs \(model) \(deployment)")
            }
            let seconds = (ContinuousClock.now - start).components.seconds
            if let timeout, seconds >= timeout {
                throw CommandFailure(
                    "The deployment is not ready within \(timeout) s.",
                    hint: "It goes on: slipway logs \(model) \(deployment) --follow", code: .timedOut)
            }
            progress.show("\(state.status) \(seconds) s")
            try await Task.sleep(for: .milliseconds(500))
        }
    }

    /// What was logged before the status that is told next.
    /// - Parameter show: makes text of others safe for where it writes it.
    static func tell(_ log: inout LogReader, _ show: (String) -> Void = say) async throws {
        while true {
            let (lines, more) = try await log.next()
            for line in lines { show("  " + line.message) }
            if !more { return }
        }
    }
}
