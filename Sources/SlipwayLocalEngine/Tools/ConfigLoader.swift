// Reads configs with the upstream package's own reader. It has a process of its own beside the planner's: a plan of a
// large Truss takes as long as its files are copied, and no push should wait for another one's.

import Foundation
import SlipwayCore
import SlipwayEngine
import SlipwayTruss

/// What the script answers.
struct ConfigAnswer: Decodable {
    var config: String?
    var names_python: Bool?
    var warnings: [String]?
    var problems: [ConfigRejection.Problem]?

    /// - Throws: `ConfigRejection`.
    func reading() throws -> ConfigReading {
        guard let config, problems == nil else { throw ConfigRejection(problems: problems ?? []) }
        return ConfigReading(
            json: config, namesPythonVersion: names_python ?? true, warnings: warnings ?? [])
    }
}

struct ConfigLoader: Sendable {
    /// Longest time for one config: reading takes milliseconds, unless the document is made to take long.
    private static let timeout: Duration = .seconds(30)

    private let process: WarmProcess

    private struct Answer: Decodable {
        var ok: Bool
    }

    init(configuration: LocalEngineConfiguration) {
        process = WarmProcess(configuration: configuration, script: ConfigScript.source)
    }

    /// - Throws: `ConfigRejection`; `BuildFailure` when the process does not start.
    func read(_ text: ConfigText, tools: Tools, sandbox: Sandbox) async throws -> ConfigReading {
        try await process.use(tools: tools, sandbox: sandbox) { worker in
            let (name, content) =
                switch text {
                case .yaml(let text): ("config.yaml", text)
                case .json(let text): ("config.json", text)
                }
            try NewFile.write(Array(content.utf8), to: "\(worker.input.source)/\(name)", mode: 0o444)
            let request = try JSONSerialization.data(
                withJSONObject: ["config": worker.path(worker.input) + "/" + name])
            guard let line = await worker.ask(request, timeout: Self.timeout),
                let answer = try? JSONDecoder().decode(Answer.self, from: line)
            else { throw WarmProcess.Useless(reason: Self.tooMuch) }
            guard answer.ok, let result = try? JSONDecoder().decode(ConfigAnswer.self, from: line) else {
                throw Self.tooMuch
            }
            return try result.reading()
        }
    }

    /// The copy that read it was ended by a limit.
    private static let tooMuch = ConfigRejection(problems: [
        .init(path: [], message: "reading the document takes more time or memory than a config may take")
    ])

    func warm(tools: Tools, sandbox: Sandbox) async { await process.warm(tools: tools, sandbox: sandbox) }

    func stop() async { await process.stop() }
}
