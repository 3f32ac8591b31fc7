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

    func run() async throws {
        var log = LogReader(server: try remote.connect(), model: model, deployment: deployment)
        show(try await log.newest(limit))
        while follow {
            let (lines, more) = try await log.next()
            show(lines)
            if !more { try await Task.sleep(for: .seconds(1)) }
        }
    }

    private func show(_ lines: [LogReader.Line]) {
        for line in lines {
            guard let time = Int64(line.timestamp) else { continue }
            let date = Date(timeIntervalSince1970: Double(time) / 1e9).formatted(.iso8601)
            say([date, line.level ?? "-", line.replica ?? "-", line.message].joined(separator: " "))
        }
    }
}
