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
        /// Of a server that has it.
        var nextCursor: String?

        enum CodingKeys: String, CodingKey {
            case logs
            case nextCursor = "next_cursor"
        }
    }

    func run() async throws {
        let server = try remote.connect()
        let path = "/v1/models/\(model)/deployments/\(deployment)/logs"
        // An answer that goes backwards ends at its oldest line: what follows is after its newest.
        var page = try await server.call("GET", "\(path)?limit=\(limit)", as: Page.self)
        var cursor = page.logs.first.flatMap { "\($0.timestamp).\(deployment)" } ?? "0.\(deployment)"
        show(page.logs.reversed())
        while follow {
            page = try await server.call(
                "GET", "\(path)?direction=asc&limit=1000&cursor=\(cursor)", as: Page.self)
            show(page.logs)
            cursor = page.nextCursor ?? cursor
            // More lines than an answer holds are asked for at once.
            if page.logs.count < 1000 { try await Task.sleep(for: .seconds(1)) }
        }
    }

    private func show(_ lines: [Page.Line]) {
        for line in lines {
            guard let time = Int64(line.timestamp) else { continue }
            let date = Date(timeIntervalSince1970: Double(time) / 1e9).formatted(.iso8601)
            say([date, line.level ?? "-", line.replica ?? "-", line.message].joined(separator: " "))
        }
    }
}
