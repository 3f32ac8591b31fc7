// `slipway logs MODEL DEPLOYMENT`: the newest lines, oldest first, or following.

import ArgumentParser
import Foundation

struct Logs: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Show the log of a deployment.")

    @Argument(help: "Id of the model.") var model: String
    @Argument(help: "Id of the deployment.") var deployment: String
    @Flag(name: .shortAndLong, help: "Go on as lines come.") var follow = false
    @Option(help: "Lines of the past to show, 1 to 1000.") var limit = 100
    @OptionGroup var remote: RemoteOptions

    private struct Page: Decodable {
        struct Line: Decodable {
            var timestamp: String
            var message: String
            var level: String?
            var replica: String?
        }
        var logs: [Line]
    }

    func run() async throws {
        let server = try remote.connect()
        let path = "/v1/models/\(model)/deployments/\(deployment)/logs"
        var page = try await server.call("GET", "\(path)?limit=\(limit)", as: Page.self)
        var shown = show(page.logs.reversed(), after: 0)
        while follow {
            try await Task.sleep(for: .seconds(1))
            page = try await server.call(
                "GET", "\(path)?direction=asc&limit=1000&start_epoch_millis=\(shown / 1_000_000)",
                as: Page.self)
            shown = show(page.logs, after: shown)
        }
    }

    /// Prints the lines later than `last` and returns the time of the newest.
    private func show(_ lines: [Page.Line], after last: Int64) -> Int64 {
        var newest = last
        for line in lines {
            guard let time = Int64(line.timestamp), time > last else { continue }
            let date = Date(timeIntervalSince1970: Double(time) / 1e9).formatted(.iso8601)
            say([date, line.level ?? "-", line.replica ?? "-", line.message].joined(separator: " "))
            newest = max(newest, time)
        }
        return newest
    }
}
