// The composition root: makes every part, connects them and runs them until a signal.

import Foundation
import Logging
import NIOCore
import NIOPosix
import ServiceLifecycle
import SlipwayBlobs
import SlipwayControl
import SlipwayCore
import SlipwayEdge
import SlipwayGateway
import SlipwayLocalEngine
import SlipwayLogs
import SlipwayServer
import SlipwaySockets
import SlipwayStore

struct Composition {
    let settings: Settings
    let logger = Logger(label: "slipway")

    /// Serves until SIGTERM or SIGINT.
    /// - Throws: `SettingsError` or what a part could not start with, in words.
    func run() async throws {
        let data = try DataDirectory(settings.dataDirectory)
        try data.lock()
        let masterKey = try data.masterKey()
        let now: @Sendable () -> Timestamp = {
            Timestamp(microseconds: Int64(Date().timeIntervalSince1970 * 1e6))
        }

        let machine = await LocalMachine.discover(work: data.root + "/work")
        let catalogue = try settings.instanceTypes.map(InstanceTypesFile.read) ?? .standard(for: machine)

        let store = try Store(path: data.database)
        let newKey = try await Bootstrap.run(on: store, now: now()) { key in
            try data.writePrivately(Array((key + "\n").utf8), to: data.adminKey)
        }
        let uploads = try S3Service(
            root: data.blobs, masterKey: masterKey, region: "local", bucket: "slipway")
        let logs = try LogStore(root: data.logs, limits: logLimits)
        let inbox = DemandInbox(logs: logs)
        let socketDirectory = try data.makeSocketDirectory()
        defer { try? FileManager.default.removeItem(atPath: socketDirectory) }
        let socketPath = socketDirectory + "/management.sock"

        let edge = Edge(group: MultiThreadedEventLoopGroup.singleton, logger: logger)
        let gateway = makeGateway(socketPath: socketPath, inbox: inbox, edge: edge, now: now)
        edge.connect(to: gateway)
        let engine = try LocalEngine(configuration: engineConfiguration(data), logger: logger)
        var dependencies = dependencies(uploads, data, masterKey: masterKey, now: now)
        dependencies.catalogue = catalogue
        dependencies.capacity = Capacity(machine: machine, policy: settings.reserve)
        let control = ControlPlane(
            store: store, engine: engine, gateway: gateway, inbox: inbox, logs: logs,
            dependencies: dependencies, logger: logger)
        try await control.adopt()
        for line in await engine.describe().missing { logger.warning("\(line)") }

        let addresses = try await bind(gateway)
        let securePort = try await listenSecurely(edge)
        let port = addresses.main.port ?? settings.port
        let publicURL = settings.publicURL ?? "http://localhost:\(port)"
        var configuration = try ManagementConfiguration(publicURL: publicURL, socketPath: socketPath)
        configuration.limitsRates = settings.limitsRates
        let management = ManagementServer(
            control: control, uploads: uploads, configuration: configuration, logger: logger)
        let preparation = Task { await engine.prepare() }
        defer { preparation.cancel() }
        announce(publicURL, addresses: addresses, securePort: securePort, newKey: newKey, data: data)

        let group = ServiceGroup(
            configuration: .init(
                services: [
                    .init(service: Running(run: control.run)),
                    .init(service: management),
                    .init(
                        service: GatewayService(
                            gateway: gateway, edge: edge, grace: .seconds(settings.shutdownGrace))),
                ],
                gracefulShutdownSignals: [.sigterm, .sigint], logger: logger))
        try await group.run()
        await engine.shutdown(stopReplicas: settings.replicasOnExit == .stop)
        await logs.close()
        try store.close()
    }

    private var logLimits: LogStore.Limits {
        var limits = LogStore.Limits()
        limits.segments = 8
        limits.segmentBytes = (settings.logSize << 20) / limits.segments
        limits.retention = .seconds(settings.logRetention * 24 * 3600)
        return limits
    }

    private func dependencies(
        _ uploads: S3Service, _ data: DataDirectory, masterKey: [UInt8],
        now: @escaping @Sendable () -> Timestamp
    ) -> ControlDependencies {
        var dependencies = ControlDependencies(
            now: now, secretBox: SecretBox(masterKey: masterKey),
            archivePath: { try? uploads.directory.path(forKey: $0) },
            removeArchive: { [logger] key in
                do {
                    try uploads.directory.remove(key)
                } catch {
                    logger.warning(
                        "an archive cannot be removed", metadata: ["key": "\(key)", "reason": "\(error)"])
                }
            },
            defaultDeployTimeoutSeconds: settings.deployTimeout * 60)
        dependencies.storeArchive = { path in
            let key = try uploads.issueUpload(now: Date()).key
            try uploads.directory.importFile(at: path, key: key)
            return key
        }
        dependencies.asyncPredictTimeout = .seconds(settings.predictTimeout)
        dependencies.gateCommand = settings.gateDirectory.map { directory in
            let programs = GatePrograms(directory: directory, work: data.root + "/work")
            return { name, environment, timeout, line in
                try await programs.run(name, environment: environment, timeout: timeout, line: line)
            }
        }
        dependencies.asyncRetention = .seconds(settings.asyncRetention * 60)
        return dependencies
    }

    private func makeGateway(
        socketPath: String, inbox: DemandInbox, edge: Edge, now: @escaping @Sendable () -> Timestamp
    ) -> Gateway {
        var configuration = GatewayConfiguration(
            host: settings.host, port: settings.port,
            inferencePort: settings.inferencePort == 0 ? nil : settings.inferencePort,
            managementUpstream: .path(socketPath))
        configuration.eventLoops = System.coreCount
        configuration.predictTimeout = .seconds(settings.predictTimeout)
        configuration.parkTimeout = .seconds(settings.parkTimeout)
        configuration.maxBodyBytes = settings.maxBody << 20
        return Gateway(
            configuration: configuration, observer: inbox, http2: edge.takeOver, logger: logger, now: now)
    }

    private func engineConfiguration(_ data: DataDirectory) -> LocalEngineConfiguration {
        var configuration = LocalEngineConfiguration(dataDirectory: data.root)
        configuration.pythonPolicy = settings.pythonVersions == .nearest ? .nearestNewer : .exact
        configuration.toolsDirectory = settings.toolsDirectory
        return configuration
    }

    private func bind(_ gateway: Gateway) async throws -> BoundAddresses {
        do {
            return try await gateway.start()
        } catch let error as SystemError where error.number == EADDRINUSE {
            let second = settings.inferencePort == 0 ? "" : " or \(settings.inferencePort)"
            throw SettingsError(
                description:
                    "Port \(settings.port)\(second) on \(settings.host) is taken. Choose others with --port and --inference-port (0 turns the second listener off)."
            )
        }
    }

    /// The port for TLS; nil where no certificate is given.
    private func listenSecurely(_ edge: Edge) async throws -> Int? {
        switch (settings.tlsCertificate, settings.tlsKey) {
        case (nil, nil): return nil
        case (let certificate?, let key?):
            let files = TLSFiles(certificate: certificate, key: key)
            do {
                return try await edge.listen(host: settings.host, port: settings.tlsPort, files: files)
            } catch let error as IOError where error.errnoCode == EADDRINUSE {
                throw SettingsError(
                    description:
                        "Port \(settings.tlsPort) on \(settings.host) is taken. Choose another with --tls-port."
                )
            } catch {
                throw SettingsError(
                    description: "The certificate \(certificate) with the key \(key) cannot be used: \(error)"
                )
            }
        default:
            throw SettingsError(description: "--tls-certificate and --tls-key need each other.")
        }
    }

    private func announce(
        _ url: String, addresses: BoundAddresses, securePort: Int?, newKey: String?, data: DataDirectory
    ) {
        var lines = ["Slipway \(Version.text) serves \(url) (data in \(data.root))"]
        if let inference = addresses.inference?.port {
            lines.append("inference listener on port \(inference)")
        }
        if let securePort { lines.append("TLS on port \(securePort)") }
        if let newKey {
            lines.append("admin API key (shown this once, kept in \(data.adminKey)): \(newKey)")
        }
        print(lines.joined(separator: "\n"))
        fflush(nil)
    }
}

/// A part that runs until it is cancelled, as a service.
private struct Running: Service {
    let run: @Sendable () async -> Void

    func run() async throws {
        await cancelWhenGracefulShutdown { await run() }
    }
}

/// The gateway is started before the services; this ends it in its turn.
private struct GatewayService: Service {
    let gateway: Gateway
    let edge: Edge
    let grace: Duration

    func run() async throws {
        try? await gracefulShutdown()
        await edge.shutdown()
        await gateway.shutdown(grace: grace)
        await edge.close()
    }
}
