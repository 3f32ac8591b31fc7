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

    /// Shows the deployment's log and statuses as they come.
    /// - Throws: `ExitCode.failure` when the deployment ends in anything but ACTIVE.
    func run() async throws {
        var last = ""
        var log = LogReader(server: server, model: model, deployment: deployment)
        while true {
            let state = try await server.call(
                "GET", "/v1/models/\(model)/deployments/\(deployment)", as: DeploymentState.self)
            // What was logged before the status that is told now.
            for line in try await log.next() { say(line) }
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
}

/// The lines of a deployment's log since the last time they were asked for.
private struct LogReader {
    let server: Remote
    let model: String
    let deployment: String
    /// In nanoseconds, of the newest line so far. A development deployment may have older lines of earlier pushes.
    private var newest = Int64(Date().timeIntervalSince1970 * 1e9) - 2_000_000_000
    /// Lines of that very time that were shown.
    private var shown: Set<String> = []

    init(server: Remote, model: String, deployment: String) {
        self.server = server
        self.model = model
        self.deployment = deployment
    }

    private struct Page: Decodable {
        struct Line: Decodable {
            var timestamp: String
            var message: String
        }
        var logs: [Line]
    }

    mutating func next() async throws -> [String] {
        let page = try await server.call(
            "GET",
            "/v1/models/\(model)/deployments/\(deployment)/logs?direction=asc&limit=1000&start_epoch_millis=\(newest / 1_000_000)",
            as: Page.self)
        var lines: [String] = []
        for line in page.logs {
            guard let time = Int64(line.timestamp), time >= newest else { continue }
            if time > newest { (newest, shown) = (time, []) }
            if shown.insert(line.message).inserted { lines.append("  " + line.message) }
        }
        return lines
    }
}
