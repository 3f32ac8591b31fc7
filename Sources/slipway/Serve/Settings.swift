// The settings of `slipway serve`. Each may come from a flag, an environment variable (`SLIPWAY_` and the name
// in capitals) or a YAML file (the name with hyphens or underscores), in that order of precedence.

import Foundation
import Logging
import SlipwayCLI
import SlipwaySockets
import SlipwayTruss
import SlipwayCore
import Yams

/// Every setting with its default, checked.
struct Settings: Sendable, Equatable {
    var host = "localhost"
    var port = 8000
    /// 0 turns the second inference listener off.
    var inferencePort = 9090
    /// As it was asked for.
    var chosenTLSPort: Int?
    var tlsPort: Int { chosenTLSPort ?? 8443 }
    var tlsCertificate: String?
    var tlsKey: String?
    var dataDirectory = Settings.defaultDataDirectory
    var publicURL: String?
    var logLevel = Logger.Level.info
    var replicasOnExit = ReplicasOnExit.keep
    /// MiB; 0 for a share of the file system.
    var replicaDisk = 0
    var buildDisk = 0
    var takesOver = false
    var pythonVersions = PythonVersions.nearest
    var toolsDirectory: String?
    /// Seconds.
    var shutdownGrace = 30
    /// Seconds.
    var takeOverLimit = 60
    /// Seconds.
    var predictTimeout = 1200
    /// Seconds.
    var parkTimeout = 1200
    /// Mebibytes.
    var maxBody = 100
    /// Minutes.
    var deployTimeout = 60
    /// Minutes.
    var asyncRetention = 60
    var egress = Egress.open
    var isolation = IsolationChoice.full
    var gateDirectory: String?
    var instanceTypes: String?
    var reserve = CapacityPolicy.gpus
    var rateLimits = RateLimiting.auto
    var loopbackWebhooks = LoopbackWebhooks.auto
    /// Days.
    var logRetention = 30
    /// Mebibytes.
    var logSize = 64

    enum RateLimiting: String, CaseIterable, Sendable { case auto, on, off }
    enum LoopbackWebhooks: String, CaseIterable, Sendable { case auto, on, off }
    enum ReplicasOnExit: String, CaseIterable, Sendable { case keep, stop }
    enum IsolationChoice: String, CaseIterable, Sendable { case full, none }
    enum PythonVersions: String, CaseIterable, Sendable { case nearest, exact }

    /// The addresses to listen on.
    var hosts: [String] { host == "localhost" ? ["127.0.0.1", "::1"] : [host] }

    var callsLoopback: Bool {
        switch loopbackWebhooks {
        case .on: true
        case .off: false
        case .auto: WebhookAddress.isLoopback(host)
        }
    }

    var limitsRates: Bool {
        switch rateLimits {
        case .on: true
        case .off: false
        case .auto: !WebhookAddress.isLoopback(host)
        }
    }

    static var defaultDataDirectory: String { LocalServer.defaultDataDirectory }
}

/// A setting that cannot be used, and where it came from.
struct SettingsError: Error, CustomStringConvertible {
    var description: String
}

extension Settings {
    /// One row of the table that names every setting once.
    struct Entry: Sendable {
        var name: String
        var help: String
        var apply: @Sendable (inout Settings, String) -> String?
    }

    static let entries: [Entry] = [
        .init("host", "IP address to listen on (default localhost: 127.0.0.1 and, where there is IPv6, ::1).")
        {
            settings, value in
            settings.host = value
            return value == "localhost" || Endpoint.isAddress(value) ? nil : "an IP address"
        },
        .number(
            "port", "Port of the one listener for all hosts (default 8000; 0 picks a free one).", 0...65535,
            \.port),
        .number(
            "inference-port",
            "Port of a second listener for inference only, for clients that use a fixed port (default 9090; 0 turns it off).",
            0...65535, \.inferencePort),
        .number(
            "tls-port",
            "Port for clients with TLS; needs a certificate (default 8443; 0 picks a free one).",
            0...65535
        ) { $0.chosenTLSPort = $1 },
        .init("tls-certificate", "PEM file of the certificate chain; read again when it changes.") {
            settings, value in
            settings.tlsCertificate = value
            return value.isEmpty ? "a file" : nil
        },
        .init("tls-key", "PEM file of the certificate's key.") { settings, value in
            settings.tlsKey = value
            return value.isEmpty ? "a file" : nil
        },
        .init("data-dir", "Directory of everything the server keeps (default ~/.local/share/slipway).") {
            settings, value in
            settings.dataDirectory = NSString(string: value).expandingTildeInPath
            return value.isEmpty ? "a directory" : nil
        },
        .init("public-url", "URL clients reach this server by (default http://localhost:PORT).") {
            settings, value in
            guard let url = URL(string: value), url.scheme == "http" || url.scheme == "https", url.host != nil
            else { return "an http or https URL" }
            settings.publicURL = value
            return nil
        },
        .choice(
            "log-level", "How much the server logs: trace, debug, info, notice, warning, error, critical.",
            \.logLevel),
        .choice(
            "replicas-on-exit",
            "What happens to running replicas when the server ends: keep them for the next start, or stop (default keep).",
            \.replicasOnExit),
        .choice(
            "python-versions",
            "For a python_version this machine does not have: take the nearest newer one with a warning in the build log, or fail the build (nearest or exact; default nearest).",
            \.pythonVersions),
        .number(
            "replica-disk",
            "MiB of disk that one replica may take besides its image (default: a quarter of the file system).",
            1...1 << 30, \.replicaDisk),
        .number(
            "build-disk",
            "MiB of disk that one build may take besides what was pushed (default: a quarter of the file system).",
            1...1 << 30, \.buildDisk),
        .init(
            "tools-dir", "A ready Python environment with uv and truss, for machines without a package index."
        ) {
            settings, value in
            settings.toolsDirectory = value
            return value.isEmpty ? "a directory" : nil
        },
        .number(
            "shutdown-grace", "Seconds that requests in flight get at shutdown (default 30).", 0...3600,
            \.shutdownGrace),
        .number(
            "take-over-limit",
            "Seconds after which a server that takes this one's place and does not serve is ended, and this one goes on (default 60).",
            1...3600, \.takeOverLimit),
        .number(
            "predict-timeout", "Seconds a prediction may take (default 1200).", 1...86400, \.predictTimeout),
        .number(
            "park-timeout", "Seconds a request is held while no replica is ready (default 1200).", 1...86400,
            \.parkTimeout),
        .number("max-body", "Largest prediction body in MiB (default 100).", 1...10240, \.maxBody),
        .number(
            "deploy-timeout", "Minutes a deployment gets to become ready unless its push says (default 60).",
            1...1440, \.deployTimeout),
        .number(
            "async-retention",
            "Minutes results of asynchronous predictions are kept after their end (default 60).", 1...525_600,
            \.asyncRetention),
        .init(
            "instance-types",
            "YAML file of the instance types on offer (default: CPU sizes, and a type per kind of GPU found)."
        ) { settings, value in
            settings.instanceTypes = value
            return value.isEmpty ? "a file" : nil
        },
        .choice(
            "reserve",
            "What instance types reserve of the machine: their GPUs alone, or CPU and memory too (gpus or all; default gpus).",
            \.reserve),
        .number(
            "log-retention", "Days log lines of deployments are kept (default 30).", 1...3650,
            \.logRetention),
        .number(
            "log-size", "MiB of log kept per deployment; the oldest lines go first (default 64).", 1...65536,
            \.logSize),
        .choice(
            "rate-limits",
            "Whether management calls are held to the documented limits per key and endpoint: on, off, or unless only this machine can call (auto, the default).",
            \.rateLimits),
        .choice(
            "egress",
            "What replicas may reach: what is outside of this machine unless their config asks for none, or nothing (open or none; default open).",
            \.egress),
        .choice(
            "isolation",
            "Whether replicas are kept apart from this machine and each other, and not started where that is impossible; or none, where every model is your own (full or none; default full).",
            \.isolation),
        .choice(
            "loopback-webhooks",
            "Whether webhooks and gates may be programs on this machine: on, off, or if only this machine can call the server (auto, the default).",
            \.loopbackWebhooks),
        .init(
            "gate-dir",
            "Directory of programs that promotion settings may name as gates (default none: gates are URLs only)."
        ) { settings, value in
            settings.gateDirectory = value
            var isDirectory: ObjCBool = false
            let exists = FileManager.default.fileExists(atPath: value, isDirectory: &isDirectory)
            return value.hasPrefix("/") && exists && isDirectory.boolValue
                ? nil : "the absolute path of a directory"
        },
    ]

    /// Settings from the flags given, the environment and the file, in that order of precedence.
    /// - Throws: `SettingsError` naming the source and the value.
    static func load(
        flags: [String: String], environment: [String: String], file: String?
    ) throws(SettingsError) -> Settings {
        var settings = Settings()
        let fromFile = try file.map(read(file:)) ?? [:]
        for entry in entries {
            let variable = "SLIPWAY_" + entry.name.uppercased().replacing("-", with: "_")
            let sources = [
                (flags[entry.name], "--\(entry.name)"), (environment[variable], variable),
                (fromFile[entry.name], "\(entry.name) in \(file ?? "")"),
            ]
            guard let (value, source) = sources.first(where: { $0.0 != nil }), let value else { continue }
            if let expected = entry.apply(&settings, value) {
                throw SettingsError(description: "\(source): expected \(expected), found \"\(value)\".")
            }
        }
        return settings
    }

    private static func read(file: String) throws(SettingsError) -> [String: String] {
        let node: Node?
        do {
            node = try Yams.compose(yaml: String(contentsOfFile: file, encoding: .utf8))
        } catch {
            throw SettingsError(description: "The configuration file \(file) cannot be read: \(error)")
        }
        guard let node else { return [:] }
        guard let mapping = node.mapping else {
            throw SettingsError(description: "\(file): expected a mapping of settings.")
        }
        var values: [String: String] = [:]
        for (key, value) in mapping {
            let name = (key.string ?? "").replacing("_", with: "-")
            let line = key.mark?.line ?? 0
            guard entries.contains(where: { $0.name == name }) else {
                throw SettingsError(
                    description: "\(file), line \(line): there is no setting \"\(key.string ?? "")\".")
            }
            guard let text = value.scalar?.string else {
                throw SettingsError(description: "\(file), line \(line): \(name) must be a single value.")
            }
            values[name] = text
        }
        return values
    }
}

extension Settings.Entry {
    init(_ name: String, _ help: String, _ apply: @escaping @Sendable (inout Settings, String) -> String?) {
        self.init(name: name, help: help, apply: apply)
    }

    static func number(
        _ name: String, _ help: String, _ range: ClosedRange<Int>,
        _ path: WritableKeyPath<Settings, Int> & Sendable
    ) -> Self {
        number(name, help, range) { $0[keyPath: path] = $1 }
    }

    static func number(
        _ name: String, _ help: String, _ range: ClosedRange<Int>,
        set: @escaping @Sendable (inout Settings, Int) -> Void
    ) -> Self {
        Self(name, help) { settings, text in
            guard let number = Int(text), range.contains(number) else {
                return "a number from \(range.lowerBound) to \(range.upperBound)"
            }
            set(&settings, number)
            return nil
        }
    }

    static func choice<Choice: CaseIterable & RawRepresentable<String> & Sendable>(
        _ name: String, _ help: String, _ path: WritableKeyPath<Settings, Choice> & Sendable
    ) -> Self {
        let choices = Dictionary(uniqueKeysWithValues: Choice.allCases.map { ($0.rawValue, $0) })
        let names = Choice.allCases.map(\.rawValue).joined(separator: ", ")
        return Self(name, help) { settings, text in
            guard let choice = choices[text] else { return "one of " + names }
            settings[keyPath: path] = choice
            return nil
        }
    }
}
