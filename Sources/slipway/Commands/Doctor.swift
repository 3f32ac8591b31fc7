// `slipway doctor`: what this machine offers replicas, and what it cannot give.

import ArgumentParser
import Foundation
import Logging
import SlipwayLocalEngine

struct Doctor: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show what this machine offers to run models, and what is missing.")

    @Option(help: "Data directory of the server.") var dataDir = Settings.defaultDataDirectory

    func run() async throws {
        var quiet = Logger(label: "slipway")
        quiet.logLevel = .error
        // Never shut down: a server may be running on the same directory, and what runs there is the server's.
        let engine = try LocalEngine(configuration: .init(dataDirectory: dataDir), logger: quiet)
        let description = await engine.describe()
        for fact in description.facts { print("ok       \(fact)") }
        for gap in description.missing { print("missing  \(gap)") }
    }
}
