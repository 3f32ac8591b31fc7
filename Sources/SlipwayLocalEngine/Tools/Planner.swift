// Plans builds with the upstream package.

import Foundation
import SlipwayCore
import SlipwayEngine
import SlipwayTruss

struct Planner: Sendable {
    /// Longest time for one plan; it only copies files and renders templates.
    private static let timeout: Duration = .seconds(120)

    private let configuration: LocalEngineConfiguration
    private let process: WarmProcess

    private struct Answer: Decodable {
        var ok: Bool
        var error: String?
        var reading: ConfigAnswer?
        var hash: String?
        var signature: String?
    }

    init(configuration: LocalEngineConfiguration) {
        self.configuration = configuration
        process = WarmProcess(configuration: configuration, script: PlannerScript.source)
    }

    /// Unpacks a Truss for the planner and writes its build context to `context`, which is made.
    /// - Parameters:
    ///   - unpack: gets the directory that the Truss goes to, and returns the text of its config.
    ///   - sign: asks for the Truss's signature too.
    /// - Returns: the config as the official package reads it, and the signature.
    /// - Throws: `BuildFailure` with the planner's own words.
    func plan(
        context: String, sign: Bool, tools: Tools, sandbox: Sandbox,
        unpack: @escaping @Sendable (String) throws -> String
    ) async throws -> (TrussConfig, SourceSignature?) {
        try await process.use(tools: tools, sandbox: sandbox) { worker in
            let truss = worker.input.source + "/truss"
            let text = try await Blocking.run { try unpack(truss) }
            let request = try JSONSerialization.data(
                withJSONObject: [
                    "truss_dir": worker.path(worker.input) + "/truss",
                    "context_dir": worker.path(worker.output) + "/context", "sign": sign,
                ] as [String: Any])
            worker.limitDisk(try await limit(for: truss))
            guard let line = await worker.ask(request, timeout: Self.timeout),
                let answer = try? JSONDecoder().decode(Answer.self, from: line)
            else {
                throw WarmProcess.Useless(
                    reason: BuildFailure(reason: worker.diskReason ?? "The planner gave no answer."))
            }
            guard answer.ok, let reading = answer.reading else {
                throw BuildFailure(
                    reason: "The Truss cannot be planned: \(answer.error ?? "no reason given")")
            }
            let config = try Self.config(reading, text)
            guard rename(worker.output.source + "/context", context) == 0 else {
                throw BuildFailure(reason: "The planner left no plan.")
            }
            guard let hash = answer.hash, let signature = answer.signature else { return (config, nil) }
            return (config, SourceSignature(hash: hash, signature: signature))
        }
    }

    private static func config(_ answer: ConfigAnswer, _ text: String) throws -> TrussConfig {
        do {
            let reading = try answer.reading()
            return try TrussConfig(
                canonical: reading.json, namesPythonVersion: reading.namesPythonVersion,
                loaderWarnings: reading.warnings, yaml: text)
        } catch let rejection as ConfigRejection {
            throw BuildFailure(reason: "config.yaml: \(ConfigError(rejection, yaml: text))")
        } catch let error as ConfigError {
            throw BuildFailure(reason: "config.yaml: \(error)")
        }
    }

    /// The planner copies the Truss twice; what it makes besides is what is limited.
    private func limit(for truss: String) async throws -> DiskLimit {
        try await Blocking.run { [limit = configuration.buildDiskLimit] in
            let usage = DiskUsage.of(truss)
            return limit.adding(usage).adding(usage)
        }
    }

    func warm(tools: Tools, sandbox: Sandbox) async { await process.warm(tools: tools, sandbox: sandbox) }

    /// Returns when the process is gone.
    func stop() async { await process.stop() }
}
