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
import SlipwayThreads

struct Composition {
    let settings: Settings
    let logger = Logger(label: "slipway")

    /// Serves until SIGTERM or SIGINT, or until another server has taken this one's place.
    /// - Throws: `SettingsError` or what a part could not start with, in words.
    func run() async throws {
        let data = try DataDirectory(settings.dataDirectory)
        try data.checkWhole()
        var (lock, predecessor) = try await claim(data)
        var sockets = predecessor?.sockets ?? []
        var earlier: (any EarlierGateway)? = predecessor
        predecessor = nil
        while let leaving = try await serve(data, sockets: sockets, after: earlier) {
            lock.release()
            if await leaving.successor.takes(within: .seconds(settings.takeOverLimit)) {
                return try await serveRest(leaving)
            }
            logger.error("the server that was to take over ended before it served; this one goes on")
            guard let again = try await data.lock(within: Self.lockPatience) else { throw Self.isTaken(data) }
            lock = again
            (sockets, earlier) = (leaving.successor.sockets, leaving)
        }
        withExtendedLifetime(lock) {}
    }

    /// A server that hands over gives its lock back as it says so, or as it ends.
    private static let lockPatience: Duration = .seconds(10)
    private static let inheritedPatience: Duration = .seconds(1)

    private var longestRequest: Duration { .seconds(settings.parkTimeout + settings.predictTimeout) }

    private static func isTaken(_ data: DataDirectory) -> SettingsError {
        SettingsError(
            description:
                "Another slipway server uses the data directory \(data.root). To take its place, start with --take-over."
        )
    }

    /// Becomes the one server of the data directory, in the place of another if that is asked for.
    private func claim(_ data: DataDirectory) async throws -> (DataLock, Predecessor?) {
        if let lock = try data.lock() { return (lock, nil) }
        guard settings.takesOver else {
            // What a killed server was just about to start holds its files, the lock too, until it is a program.
            guard let lock = try await data.lock(within: Self.inheritedPatience) else {
                throw Self.isTaken(data)
            }
            return (lock, nil)
        }
        let predecessor = try await Predecessor.ask(at: data.handover)
        guard let lock = try await data.lock(within: Self.lockPatience) else { throw Self.isTaken(data) }
        return (lock, predecessor)
    }

    /// - Returns: what is left when another server has asked for the place; nil after a signal.
    private func serve(
        _ data: DataDirectory, sockets: [PassedSocket], after earlier: (any EarlierGateway)?
    ) async throws -> Leaving? {
        let masterKey = try data.masterKey()

        try await GatePrograms.clear(work: data.work)
        let machine = await LocalMachine.discover(work: data.work)
        let catalogue = try settings.instanceTypes.map(InstanceTypesFile.read) ?? .standard(for: machine)

        let store = try Store(path: data.database)
        let clock = SteadyClock(notBefore: try await store.read { try $0.latestTime() }, logger: logger)
        let now: @Sendable () -> Timestamp = { clock.now }
        let newKey = try await Bootstrap.run(on: store, now: now()) { key in
            try data.writePrivately(Array((key + "\n").utf8), to: data.adminKey)
        }
        let uploads = try S3Service(
            root: data.blobs, masterKey: masterKey, region: "local", bucket: "slipway")
        let logs = try LogStore(root: data.logs, limits: logLimits(now))
        let inbox = DemandInbox(logs: logs)
        let socketDirectory = try SocketDirectory(in: data)
        defer { socketDirectory.remove() }
        let socketPath = socketDirectory.socketPath

        let edge = Edge(group: MultiThreadedEventLoopGroup.singleton, logger: logger)
        let observer = SwitchedObserver(inbox)
        let gateway = makeGateway(socketPath: socketPath, observer: observer, edge: edge, now: now)
        edge.connect(to: gateway)
        let shared = SharedGateway(local: gateway)
        earlier?.follow(shared)
        var engineConfiguration = engineConfiguration(data, now)
        engineConfiguration.serveInference = { socket in
            let number = gateway.attach(socket)
            return { gateway.detach(number) }
        }
        let engine = try LocalEngine(configuration: engineConfiguration, logger: logger)
        var dependencies = dependencies(uploads, data, masterKey: masterKey, now: now)
        dependencies.catalogue = catalogue
        dependencies.capacity = Capacity(machine: machine, policy: settings.reserve)
        let control = ControlPlane(
            store: store, engine: engine, gateway: shared, inbox: inbox, logs: logs,
            dependencies: dependencies, logger: logger)
        try await control.adopt()

        let addresses = try bind(gateway, sockets)
        let securePort = try bindSecurely(edge, sockets)
        let port = addresses.main.port ?? settings.port
        let publicURL = settings.publicURL ?? "http://localhost:\(port)"
        var configuration = try ManagementConfiguration(publicURL: publicURL, socketPath: socketPath)
        configuration.limitsRates = settings.limitsRates
        configuration.inferenceURL = Self.url(reaching: addresses.main)
        let (managementServes, ready) = AsyncStream<Void>.makeStream()
        let management = ManagementServer(
            control: control, uploads: uploads, configuration: configuration, logger: logger
        ) { ready.finish() }
        let preparation = Task {
            for line in await engine.describe().missing { logger.warning("\(line)") }
            await engine.prepare()
        }
        defer { preparation.cancel() }
        let memory = Task { await MemoryKeeper.run() }
        defer { memory.cancel() }
        let check = Task {
            await preparation.value
            await checkLater(store)
        }
        defer { check.cancel() }
        let hearing = Task { await earlier?.listen(shared, inbox) }
        defer { hearing.cancel() }

        let front = FrontDoor(
            gateway: gateway, edge: edge, address: addresses.main, grace: .seconds(settings.shutdownGrace),
            waitsFor: managementServes, onLeaving: control.changes.close
        ) {
            earlier?.serving()
            announce(publicURL, addresses: addresses, securePort: securePort, newKey: newKey, data: data)
        }
        let group = ServiceGroup(
            configuration: .init(
                services: [
                    .init(service: Running(run: control.run)), .init(service: management),
                    .init(service: front),
                ],
                gracefulShutdownSignals: [.sigterm, .sigint], logger: logger))
        let desk = try HandoverDesk(path: data.handover) { link in
            Task {
                // One handover at a time: who comes after would not know of the requests before.
                await hearing.value
                front.asked(link)
                await group.triggerGracefulShutdown()
            }
        }
        try await group.run()
        desk.close()
        let stops = settings.replicasOnExit == .stop && front.successor == nil
        check.cancel()
        preparation.cancel()
        await engine.shutdown(stopReplicas: stops)
        // Removes what it was trying out.
        await preparation.value
        await logs.close()
        try store.close()
        return front.successor.map {
            Leaving(front: front, observer: observer, successor: $0, limit: longestRequest)
        }
    }

    /// The last part of this process's life: another serves, and what is left here is finished.
    private func serveRest(_ leaving: Leaving) async throws {
        let rest = Running { await leaving.serveRest() }
        let group = ServiceGroup(
            configuration: .init(
                services: [.init(service: rest, successTerminationBehavior: .gracefullyShutdownGroup)],
                gracefulShutdownSignals: [.sigterm, .sigint], logger: logger))
        try await group.run()
    }

    private func logLimits(_ now: @escaping @Sendable () -> Timestamp) -> LogStore.Limits {
        var limits = LogStore.Limits()
        limits.segments = 8
        limits.segmentBytes = (settings.logSize << 20) / limits.segments
        limits.retention = .seconds(settings.logRetention * 24 * 3600)
        limits.now = { Date(timeIntervalSince1970: Double(now().microseconds) / 1e6) }
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
        dependencies.runBlocking = { work in
            // Not given up with its task: half done is worse than done for nothing.
            await withCheckedContinuation { continuation in
                ThreadPool.disk.submit {
                    work()
                    continuation.resume()
                }
            }
        }
        dependencies.freezeArchive = { try uploads.directory.freeze($0) }
        dependencies.endUploads = { try uploads.directory.endUploads($0) }
        dependencies.isArchiveIntact = { try uploads.directory.isIntact($0, sha256: $1) }
        dependencies.wallClock = { SteadyClock.wall }
        dependencies.asyncPredictTimeout = .seconds(settings.predictTimeout)
        dependencies.workDirectory = data.work
        dependencies.sweepArchives = { [logger] used in
            do {
                try uploads.directory.sweep(now: Date(), keeping: used)
            } catch {
                logger.warning("uploads cannot be swept", metadata: ["reason": "\(error)"])
            }
        }
        dependencies.gateCommand = settings.gateDirectory.map { directory in
            let programs = GatePrograms(directory: directory, work: data.work)
            return { name, environment, timeout, line in
                try await programs.run(name, environment: environment, timeout: timeout, line: line)
            }
        }
        dependencies.asyncRetention = .seconds(settings.asyncRetention * 60)
        dependencies.http = OutgoingHTTP(allowsLoopback: settings.callsLoopback)
        return dependencies
    }

    private func makeGateway(
        socketPath: String, observer: SwitchedObserver, edge: Edge, now: @escaping @Sendable () -> Timestamp
    ) -> Gateway {
        var configuration = GatewayConfiguration(
            hosts: settings.hosts, port: settings.port,
            inferencePort: settings.inferencePort == 0 ? nil : settings.inferencePort,
            managementUpstream: .path(socketPath))
        configuration.eventLoops = System.coreCount
        configuration.predictTimeout = .seconds(settings.predictTimeout)
        configuration.parkTimeout = .seconds(settings.parkTimeout)
        configuration.maxBodyBytes = settings.maxBody << 20
        return Gateway(
            configuration: configuration, observer: observer, http2: edge.takeOver, logger: logger, now: now)
    }

    /// Large databases are checked while they are used: that reads all of them.
    private func checkLater(_ store: Store) async {
        guard store.isUnchecked, !Task.isCancelled else { return }
        do {
            try await store.check()
        } catch is CancellationError {
        } catch {
            logger.critical("the database does not hold what was written", metadata: ["error": "\(error)"])
        }
    }

    private func engineConfiguration(
        _ data: DataDirectory, _ now: @escaping @Sendable () -> Timestamp
    ) -> LocalEngineConfiguration {
        var configuration = LocalEngineConfiguration(dataDirectory: data.root)
        configuration.now = now
        configuration.pythonPolicy = settings.pythonVersions == .nearest ? .nearestNewer : .exact
        configuration.toolsDirectory = settings.toolsDirectory
        configuration.egress = settings.egress
        configuration.replicaDisk = settings.replicaDisk == 0 ? nil : Int64(settings.replicaDisk) << 20
        configuration.buildDisk = settings.buildDisk == 0 ? nil : Int64(settings.buildDisk) << 20
        configuration.usesNamespaces = settings.isolation == .full
        configuration.privateFiles = [settings.tlsKey].compactMap { $0 }
        return configuration
    }

    private func bind(_ gateway: Gateway, _ sockets: [PassedSocket]) throws -> BoundAddresses {
        do {
            return try gateway.bind(
                inheriting: sockets.compactMap { passed in
                    switch passed.kind {
                    case .main: InheritedSocket(kind: .main, socket: passed.socket)
                    case .inference: InheritedSocket(kind: .inference, socket: passed.socket)
                    case .secure: nil
                    }
                })
        } catch let error as SystemError where error.number == EADDRINUSE {
            let second = settings.inferencePort == 0 ? "" : " or \(settings.inferencePort)"
            throw SettingsError(
                description:
                    "Port \(settings.port)\(second) on \(settings.host) is taken. Choose others with --port and --inference-port (0 turns the second listener off)."
            )
        }
    }

    /// How this process itself reaches a listener, also one on all addresses.
    private static func url(reaching endpoint: Endpoint) -> String? {
        guard case .internet(let host, let port) = endpoint else { return nil }
        let own = host == "0.0.0.0" ? "127.0.0.1" : host == "::" ? "::1" : host
        return own.contains(":") ? "http://[\(own)]:\(port)" : "http://\(own):\(port)"
    }

    /// The port for TLS; nil where no certificate is given.
    private func bindSecurely(_ edge: Edge, _ sockets: [PassedSocket]) throws -> Int? {
        let inherited = sockets.filter { $0.kind == .secure }.map(\.socket)
        switch (settings.tlsCertificate, settings.tlsKey) {
        case (nil, nil):
            for socket in inherited { socket.close() }
            guard settings.chosenTLSPort == nil else {
                throw SettingsError(
                    description:
                        "--tls-port needs --tls-certificate and --tls-key: without them there is no TLS."
                )
            }
            return nil
        case (let certificate?, let key?):
            let files = TLSFiles(certificate: certificate, key: key)
            do {
                return try edge.bind(
                    hosts: settings.hosts, port: settings.tlsPort, files: files, inheriting: inherited)
            } catch let error as SystemError where error.number == EADDRINUSE {
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
