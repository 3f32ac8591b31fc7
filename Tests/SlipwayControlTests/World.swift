// A control plane with a real store and logs, a scripted engine, and a clock and a gateway the test moves.

import Foundation
import Logging
import SlipwayCore
import SlipwayEngine
import SlipwayGateway
import SlipwayLogs
import SlipwayStore
import SlipwayTestSupport
import Synchronization
import Testing

@testable import SlipwayControl

struct World: Sendable {
    let directory: String
    let control: ControlPlane
    let engine: ScriptedEngine
    let gateway: RecordingGateway
    let clock: ManualClock
    let inbox: DemandInbox
    let store: Store
    let admin: Caller
    let adminKey: String

    /// Starts a control plane in a directory of its own, runs `body` and takes everything down again.
    static func run(_ body: @escaping @Sendable (World) async throws -> Void) async throws {
        let directory = try Directory()
        try await run(in: directory.path, body)
        withExtendedLifetime(directory) {}
    }

    /// As `run`, in a directory that may hold the state of an earlier run.
    static func run(
        in directory: String, engine: ScriptedEngine = ScriptedEngine(), clock: ManualClock = ManualClock(),
        adjust: @Sendable (inout ControlDependencies) -> Void = { _ in },
        _ body: @escaping @Sendable (World) async throws -> Void
    ) async throws {
        let world = try await World(in: directory, engine: engine, clock: clock, adjust)
        try await world.control.adopt()
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await world.control.run() }
            defer { group.cancelAll() }
            try await body(world)
        }
    }

    private init(
        in directory: String, engine: ScriptedEngine, clock: ManualClock,
        _ adjust: (inout ControlDependencies) -> Void
    ) async throws {
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        self.directory = directory
        self.engine = engine
        self.clock = clock
        gateway = RecordingGateway()
        store = try Store(path: "\(directory)/slipway.sqlite")
        let keyFile = "\(directory)/key"
        _ = try await Bootstrap.run(on: store, now: clock.now) {
            try $0.write(toFile: keyFile, atomically: true, encoding: .utf8)
        }
        adminKey = try String(contentsOfFile: keyFile, encoding: .utf8)
        let logs = try LogStore(root: "\(directory)/logs")
        inbox = DemandInbox(logs: logs)
        var dependencies = ControlDependencies(
            now: { clock.now }, secretBox: SecretBox(masterKey: [UInt8](repeating: 7, count: 32)),
            archivePath: { key in
                let path = "\(directory)/\(key)"
                return FileManager.default.fileExists(atPath: path) ? path : nil
            }, removeArchive: { try? FileManager.default.removeItem(atPath: "\(directory)/\($0)") })
        adjust(&dependencies)
        control = ControlPlane(
            store: store, engine: engine, gateway: gateway, inbox: inbox, logs: logs,
            dependencies: dependencies, logger: logger)
        admin = try await control.authenticate(authorization: "Api-Key \(adminKey)")
    }
}

extension World {
    /// Puts a Truss where an upload would have put it and returns its key.
    func archive(_ name: String = "model", extra: String = "") throws -> String {
        let key = "archive-\(UUID().uuidString.prefix(8))"
        try Data(Tar.truss(named: name, extra: extra)).write(to: URL(fileURLWithPath: "\(directory)/\(key)"))
        return key
    }

    /// Pushes a Truss to the model of this name.
    @discardableResult
    func push(
        _ name: String = "model", development: Bool = false, environment: String? = nil, extra: String = "",
        scaleDownPrevious: Bool = true
    ) async throws -> Deployment {
        try await control.push(
            PushRequest(
                target: .modelNamed(name, team: nil), archiveKey: archive(name, extra: extra),
                isDevelopment: development, environment: environment, scaleDownPrevious: scaleDownPrevious),
            by: admin
        ).deployment.deployment
    }

    func promote(
        _ selector: DeploymentSelector, of deployment: Deployment, _ options: PromoteOptions = .init()
    ) async throws -> Deployment {
        try await control.promote(
            selector, of: deployment.modelID, to: Environment.production, options, by: admin
        ).deployment
    }

    func now(_ deployment: Deployment) async throws -> Deployment {
        try await control.deployment(anyModel: deployment.id).deployment
    }

    func production(of deployment: Deployment) async throws -> EnvironmentView {
        try await control.environment(Environment.production, of: deployment.modelID)
    }

    /// Passes until the condition holds; at most ten seconds of real time.
    func until(
        _ what: Comment, at location: SourceLocation = #_sourceLocation,
        _ holds: () async throws -> Bool
    ) async throws {
        for _ in 0..<500 {
            if try await holds() { return }
            await control.controller.settle()
            try await Task.sleep(for: .milliseconds(20))
        }
        try #require(Bool(false), what, sourceLocation: location)
    }

    /// Waits until the deployment has the status, and for what follows from it in that pass. Returns the deployment.
    @discardableResult
    func reaches(
        _ status: DeploymentStatus, _ deployment: Deployment, at location: SourceLocation = #_sourceLocation
    ) async throws -> Deployment {
        try await until("\(deployment.name) becomes \(status)", at: location) {
            try await now(deployment).status == status
        }
        await control.controller.settle()
        return try await now(deployment)
    }

    /// Waits until production serves the deployment and no promotion runs.
    func serves(_ deployment: Deployment, at location: SourceLocation = #_sourceLocation) async throws {
        try await until("\(deployment.name) serves production", at: location) {
            let production = try await production(of: deployment)
            return production.current?.deployment.id == deployment.id && !production.isPromoting
        }
        await control.controller.settle()
    }

    /// What the last published table says of a deployment.
    func route(_ deployment: Deployment) -> DeploymentRoute? {
        gateway.table.deployments[deployment.id]
    }

    func started(for deployment: Deployment) -> [ReplicaSpec] {
        engine.started.filter { $0.deploymentID == deployment.id }
    }

    func running(for deployment: Deployment) -> [Replica] {
        engine.running.filter { $0.deploymentID == deployment.id }
    }
}

extension EnvironmentView {
    var isPromoting: Bool { promotion.map { !$0.status.isTerminal } ?? false }
}

/// A directory that is removed with its last reference.
final class Directory: Sendable {
    let path = FileManager.default.temporaryDirectory.appendingPathComponent("control-\(UUID())").path
    init() throws {
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }
    deinit { try? FileManager.default.removeItem(atPath: path) }
}

/// Time that passes only when told to.
final class ManualClock: Sendable {
    private let time = Mutex(Timestamp(microseconds: 1_790_000_000_000_000))
    var now: Timestamp { time.withLock { $0 } }
    func advance(_ duration: Duration) { time.withLock { $0 = $0 + duration } }
}

/// Keeps the last table and answers with the load the test gave it.
final class RecordingGateway: GatewayControl {
    private struct State {
        var table = RoutingTable()
        var load: [DeploymentID: DeploymentLoad] = [:]
        var inFlight: [ReplicaID: Int] = [:]
        /// Current production deployment in every table so far, repetitions left out.
        var productions: [DeploymentID?] = []
    }
    private let state = Mutex(State())
    let traffic = TrafficLedger()

    var table: RoutingTable { state.withLock { $0.table } }
    var productions: [DeploymentID?] { state.withLock { $0.productions } }
    func set(_ load: DeploymentLoad, for id: DeploymentID) { state.withLock { $0.load[id] = load } }
    func setInFlight(_ count: Int, for id: ReplicaID) { state.withLock { $0.inFlight[id] = count } }

    func publish(_ table: RoutingTable) {
        state.withLock { state in
            state.table = table
            guard let routes = table.models.values.first,
                let production = routes.environments[Environment.production]
            else { return }
            if state.productions.last != production { state.productions.append(production) }
        }
    }
    func load(of deployments: Set<DeploymentID>) -> [DeploymentID: DeploymentLoad] {
        state.withLock { $0.load.filter { deployments.contains($0.key) } }
    }
    var waiting: Set<DeploymentID> {
        state.withLock { Set($0.load.filter { $0.value.parked > 0 }.keys) }
    }
    func takeTraffic() -> [DeploymentID: Traffic] { traffic.take() }
    func inFlight(replica: ReplicaID) -> Int { state.withLock { $0.inFlight[replica] ?? 0 } }
}
