// `slipway serve`: reads the settings, checks the data directory and runs the platform until a signal.

import ArgumentParser
import Foundation
import Logging
import SlipwayThreads

struct Serve: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Run the whole platform on this machine.",
        discussion: """
            Needs no configuration. Every setting may also come from an environment variable (SLIPWAY_ and the \
            name in capitals with underscores, for example SLIPWAY_DATA_DIR) or from a YAML file given with \
            --config or SLIPWAY_CONFIG; a flag wins over the environment, the environment over the file.
            """)

    @Option(help: "YAML file with any of these settings.")
    var config: String?
    @Option(help: help("host")) var host: String?
    @Option(help: help("port")) var port: String?
    @Option(help: help("inference-port")) var inferencePort: String?
    @Option(help: help("tls-port")) var tlsPort: String?
    @Option(help: help("tls-certificate")) var tlsCertificate: String?
    @Option(help: help("tls-key")) var tlsKey: String?
    @Option(help: help("data-dir")) var dataDir: String?
    @Option(help: help("public-url")) var publicUrl: String?
    @Option(help: help("log-level")) var logLevel: String?
    @Option(help: help("replicas-on-exit")) var replicasOnExit: String?
    @Option(help: help("replica-disk")) var replicaDisk: String?
    @Option(help: help("build-disk")) var buildDisk: String?
    @Option(help: help("python-versions")) var pythonVersions: String?
    @Option(help: help("tools-dir")) var toolsDir: String?
    @Option(help: help("shutdown-grace")) var shutdownGrace: String?
    @Option(help: help("take-over-limit")) var takeOverLimit: String?
    @Option(help: help("predict-timeout")) var predictTimeout: String?
    @Option(help: help("park-timeout")) var parkTimeout: String?
    @Option(help: help("max-body")) var maxBody: String?
    @Option(help: help("deploy-timeout")) var deployTimeout: String?
    @Option(help: help("async-retention")) var asyncRetention: String?
    @Option(help: help("gate-dir")) var gateDir: String?
    @Option(help: help("egress")) var egress: String?
    @Option(help: help("isolation")) var isolation: String?
    @Option(help: help("rate-limits")) var rateLimits: String?
    @Option(help: help("loopback-webhooks")) var loopbackWebhooks: String?
    @Option(help: help("log-retention")) var logRetention: String?
    @Option(help: help("log-size")) var logSize: String?
    @Option(help: help("instance-types")) var instanceTypes: String?
    @Option(help: help("reserve")) var reserve: String?

    @Flag(
        help:
            "Take the place of the server that uses the data directory, if there is one: no connection is refused and no request lost."
    )
    var takeOver = false

    private static func help(_ name: String) -> ArgumentHelp {
        ArgumentHelp(Settings.entries.first { $0.name == name }?.help ?? "")
    }

    private var flags: [String: String] {
        [
            "host": host, "port": port, "inference-port": inferencePort, "data-dir": dataDir,
            "public-url": publicUrl, "log-level": logLevel, "replicas-on-exit": replicasOnExit,
            "replica-disk": replicaDisk, "build-disk": buildDisk, "python-versions": pythonVersions,
            "tools-dir": toolsDir, "shutdown-grace": shutdownGrace,
            "take-over-limit": takeOverLimit,
            "predict-timeout": predictTimeout, "park-timeout": parkTimeout, "max-body": maxBody,
            "deploy-timeout": deployTimeout, "async-retention": asyncRetention, "gate-dir": gateDir,
            "egress": egress, "isolation": isolation, "rate-limits": rateLimits,
            "loopback-webhooks": loopbackWebhooks,
            "log-retention": logRetention, "log-size": logSize,
            "instance-types": instanceTypes, "reserve": reserve, "tls-port": tlsPort,
            "tls-certificate": tlsCertificate, "tls-key": tlsKey,
        ].compactMapValues { $0 }
    }

    func run() async throws {
        let environment = ProcessInfo.processInfo.environment
        var settings = try Settings.load(
            flags: flags, environment: environment, file: config ?? environment["SLIPWAY_CONFIG"])
        settings.takesOver = takeOver
        let level = settings.logLevel
        LoggingSystem.bootstrap { label in
            var handler = OneLineLog(label: label)
            handler.logLevel = level
            return handler
        }
        OpenFiles.raiseLimit()
        BlockingWork.forbidInTasks()
        try await Composition(settings: settings).run()
    }
}
