// Follows a promotion to its end.

import ArgumentParser
import Foundation
import SlipwayAPI

struct PromotionWait {
    let server: Remote
    let model: Named
    let environment: String
    let deployment: String
    /// Where lines go, `say` or `tell`: each makes text of others safe for its own stream.
    var show: (String) -> Void = say

    private static let interval = Duration.milliseconds(500)
    private static let failed: Set<String> = ["BUILD_FAILED", "DEPLOY_FAILED", "FAILED", "BUILD_STOPPED"]

    /// Shows the candidate's log, its statuses and the stages of the promotion as they come.
    /// - Throws: `CommandFailure` when the promotion does not succeed, or takes longer than `timeout` seconds.
    func run(timeout: Int?) async throws {
        let start = ContinuousClock.now
        let progress = ProgressLine()
        defer { progress.clear() }
        var log = LogReader(server: server, model: model.id, deployment: deployment)
        var last = ""
        while true {
            let status = try await server.document(
                "GET", path("v1", "models", model.id, "deployments", deployment))["status"].text
            let stage = try await stage()
            progress.clear()
            try await Waiting.tell(&log, show)
            let line = [status, stage?.text].compactMap { $0 }.joined(separator: " ")
            if line != last { show(line) }
            last = line
            if try ended(stage, status) { return }
            let seconds = (ContinuousClock.now - start).components.seconds
            if let timeout, seconds >= timeout {
                throw CommandFailure(
                    "The promotion has not ended within \(timeout) s.",
                    hint: "It goes on: slipway promotions list \(model.name) \(environment)", code: .timedOut)
            }
            progress.show(stage.map { "\($0.bar) \(seconds) s" } ?? "\(line) \(seconds) s")
            try await Task.sleep(for: Self.interval)
        }
    }

    /// How far the promotion of this candidate is; nil where there is none.
    private struct Stage {
        var status: String
        var percent: Int64
        var error: String?
        var text: String { "promotion \(status) \(percent) %" }
        var bar: String { "\(ProgressLine.bar(percent, of: 100)) of the traffic" }
    }

    private func stage() async throws -> Stage? {
        let place = path("v1", "models", model.id, "environments", environment, "promotions")
        let all = try await server.document("GET", place)["promotions"].elements
        guard let record = all.first(where: { $0["candidate_deployment_id"].string == deployment }) else {
            return nil
        }
        var percent: Int64 = 0
        if case .integer(let value) = record["percent_traffic_to_new_version"] { percent = value }
        return Stage(
            status: record["status"].text, percent: percent, error: record["error_message"].string)
    }

    private func ended(_ stage: Stage?, _ status: String) throws -> Bool {
        switch stage?.status {
        case "SUCCEEDED": return true
        case "FAILED", "CANCELED":
            throw CommandFailure(
                stage?.error ?? "The promotion ended: \(stage?.status ?? "").",
                hint: "See: slipway logs \(model.name) \(deployment)")
        case nil where status == "ACTIVE": return true
        case nil where Self.failed.contains(status):
            throw CommandFailure(
                "The deployment is \(status).", hint: "See: slipway logs \(model.name) \(deployment)")
        default: return false
        }
    }
}
