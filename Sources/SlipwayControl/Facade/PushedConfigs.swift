// Configs as pushes and checks read them: by the official package where the engine has it, then by what this server and
// its machine can do of them.

import Foundation
import SlipwayCore
import SlipwayEngine
import SlipwayStore
import SlipwayTruss
import Synchronization

extension ControlPlane {
    /// - Throws: `ControlError.validation` naming each offending key, with its line; `.unavailable` when configs cannot
    ///   be read now.
    func readConfig(_ text: ConfigText) async throws -> TrussConfig {
        let config: TrussConfig
        do {
            config = try await decode(text)
        } catch let error as ConfigError {
            throw ControlError.validation("config.yaml: \(error)")
        }
        let needs = config.machineNeeds
        if needs.isEmpty { return config }
        do {
            let unmet = try await engine.unmet(needs)
            guard unmet.isEmpty else {
                let problems = unmet.map { config.problem($0.key, $0.reason).description }
                throw ControlError.validation("config.yaml: \(problems.joined(separator: "; "))")
            }
        } catch let error as ControlError {
            throw error
        } catch {
            throw ControlError.unavailable("What this machine has cannot be told now.")
        }
        return config
    }

    private func decode(_ text: ConfigText) async throws -> TrussConfig {
        let yaml: String? = if case .yaml(let text) = text { text } else { nil }
        if let yaml { try TrussConfig.checkSize(yaml: yaml) }
        do {
            guard let reading = try await reading(of: text) else {
                return switch text {
                case .yaml(let text): try TrussConfig(yaml: text)
                case .json(let text): try TrussConfig(json: text)
                }
            }
            return try TrussConfig(
                canonical: reading.json, namesPythonVersion: reading.namesPythonVersion,
                loaderWarnings: reading.warnings, yaml: yaml)
        } catch let rejection as ConfigRejection {
            throw ConfigError(rejection, yaml: yaml)
        } catch let failure as StartFailure {
            throw ControlError.unavailable("Configs cannot be read now: \(failure.reason)")
        }
    }

    /// A push is read three times: when it is announced, before and after its archive is frozen.
    private func reading(of text: ConfigText) async throws -> ConfigReading? {
        if let known = readings.known(text) { return known }
        guard let reading = try await engine.readConfig(text) else { return nil }
        readings.keep(reading, of: text)
        return reading
    }

    /// What a push of this config is told: what has no effect here, and secrets that are not there.
    func warnings(of config: TrussConfig, team: TeamID, in db: StoreReader) throws -> [String] {
        try config.warnings.map(\.description) + missingSecrets(of: config, team: team, in: db)
    }

    func missingSecrets(of config: TrussConfig, team: TeamID, in db: StoreReader) throws -> [String] {
        let there = Set(try db.secrets(of: team).map(\.name))
        let wanted = config.secretNames.filter { !Names.isOfRegistry(secret: $0) }.map {
            ("secrets.\($0)", $0)
        }
        let built = config.buildSecrets.keys.sorted().map { ("build.secret_to_path_mapping.\($0)", $0) }
        return (wanted + built).filter { !there.contains($0.1) }.map { key, _ in
            config.problem(key, "there is no such secret yet").description
        }
    }
}

/// The readings of the newest configs, by their text.
final class ConfigReadings: Sendable {
    private static let kept = 64
    private let readings = Mutex<[(text: ConfigText, reading: ConfigReading)]>([])

    func known(_ text: ConfigText) -> ConfigReading? {
        readings.withLock { readings in readings.first { $0.text == text }?.reading }
    }

    func keep(_ reading: ConfigReading, of text: ConfigText) {
        readings.withLock { readings in
            readings.append((text, reading))
            if readings.count > Self.kept { readings.removeFirst() }
        }
    }
}
