// `slipway logs MODEL`: the newest lines, oldest first, or following.

import ArgumentParser
import Foundation
import SlipwayAPI

struct Logs: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show the log of a deployment.",
        discussion: """
            Names the deployment, or with --env the environment whose serving deployment is meant; --follow goes on \
            with the next one after a promotion. With --output json each line is a document of its own.
            """)

    @OptionGroup var arguments: DeploymentArguments
    @Option(help: "Environment whose serving deployment is meant.") var env: String?
    @Flag(name: .shortAndLong, help: "Go on as lines come.") var follow = false
    @Option(help: "Lines of the past to show, 1 to 1000.") var limit = 100
    @Option(help: "Only lines of this level or above: debug, info, warning, error.") var level: String?
    @Option(help: "Only lines of this replica.") var replica: String?
    @Option(help: "Only lines that fit this regular expression (RE2).") var search: String?
    @OptionGroup var options: ClientOptions

    func validate() throws {
        if env != nil, try arguments.parts().deployment != nil {
            throw ValidationError("--env and a deployment each name what to show; give one of the two.")
        }
        if let level, !["debug", "info", "warning", "error"].contains(level.lowercased()) {
            throw ValidationError("--level is debug, info, warning or error.")
        }
    }

    func run() async throws {
        let resolver = try options.resolver()
        let model = try await resolver.model(arguments.parts().model)
        var deployment = try await deployment(of: model, resolver)
        var log = reader(resolver.server, model, deployment)
        try show(await log.newest(limit))
        var polls = 0
        while follow {
            let (lines, more) = try await log.next()
            try show(lines)
            if more { continue }
            try await Task.sleep(for: .seconds(1))
            polls += 1
            // A promotion leads the environment to another deployment.
            guard let env, polls % 5 == 0 else { continue }
            let now = try await resolver.serving(env, of: model)
            guard now.id != deployment.id else { continue }
            tell("\(env) is served by \(now.name) (\(now.id)) now")
            deployment = now
            log = reader(resolver.server, model, deployment)
        }
    }

    private func deployment(of model: Named, _ resolver: Resolver) async throws -> Named {
        if let env { return try await resolver.serving(env, of: model) }
        if let wanted = try arguments.parts().deployment {
            return try await resolver.deployment(wanted, of: model)
        }
        return try await resolver.onlyDeployment(of: model)
    }

    private func reader(_ server: Remote, _ model: Named, _ deployment: Named) -> LogReader {
        let filters = query([
            "min_level": level?.uppercased(), "replica": replica, "search_pattern": search,
        ])
        return LogReader(
            server: server, model: model.id, deployment: deployment.id,
            filters: filters.isEmpty ? "" : "&" + filters.dropFirst())
    }

    private func show(_ lines: [LogReader.Line]) throws {
        for line in lines {
            if options.output.output != .table {
                try show(document: line)
                continue
            }
            guard let time = Int64(line.timestamp) else { continue }
            let date = Date(timeIntervalSince1970: Double(time) / 1e9).formatted(.iso8601)
            let level = StandardStream.output.safe(line.level ?? "-")
            let shown = Self.colour(level)?.paint(level, on: .current) ?? level
            let rest = StandardStream.output.safe("\(line.replica ?? "-") \(line.message)")
            sayPainted("\(date) \(shown) \(rest)")
        }
    }

    /// Lines of JSON, or the entries of one YAML list.
    private func show(document line: LogReader.Line) throws {
        let bytes = try WireJSON.encode(line)
        let format = options.output.output
        let text =
            format == .yaml
            ? try YAMLWriter.write([WireJSON.value(from: bytes) ?? .null])
            : String(decoding: bytes, as: UTF8.self) + "\n"
        put(DocumentText.shown(text, format, on: .current))
    }

    private static func colour(_ level: String) -> Colour? {
        switch level {
        case "ERROR": .red
        case "WARNING": .yellow
        case "DEBUG": .dim
        default: nil
        }
    }
}
