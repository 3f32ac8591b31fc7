// A whole management plane for one test: a real store, blob directory, log store, control plane and HTTP
// server on a Unix domain socket in a directory of its own. Only replicas and the gateway are stand-ins.

import Foundation
import Logging
import SlipwayAPI
import SlipwayBlobs
import SlipwayControl
import SlipwayCore
import SlipwayEngine
import SlipwayGateway
import SlipwayLogs
import SlipwayStore
import SlipwayTestSupport

@testable import SlipwayServer

struct TestServer: Sendable {
    let client: SocketClient
    let control: ControlPlane
    let uploads: S3Service
    let store: Store
    /// The admin key of the first start.
    let adminKey: String

    /// Starts everything, runs `body` and takes everything down again.
    static func run(_ body: @escaping @Sendable (TestServer) async throws -> Void) async throws {
        let directory = "/tmp/slipway-server-\(UUID().uuidString.prefix(8))"
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let server = try await make(in: directory)
        let socket = "\(directory)/management.sock"
        let (running, isRunning) = AsyncStream.makeStream(of: Void.self)
        let management = ManagementServer(
            control: server.control, uploads: server.uploads,
            configuration: try ManagementConfiguration(
                publicURL: "http://localhost:8000", socketPath: socket), logger: quiet
        ) { isRunning.finish() }
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await server.control.run() }
            group.addTask {
                try await management.application().run()
            }
            for await _ in running {}
            defer { group.cancelAll() }
            try await body(server)
        }
    }

    private static let quiet = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    private static func make(in directory: String) async throws -> TestServer {
        let masterKey = [UInt8](repeating: 7, count: 32)
        let now: @Sendable () -> Timestamp = {
            Timestamp(microseconds: Int64(Date().timeIntervalSince1970 * 1_000_000))
        }
        let store = try Store(path: "\(directory)/slipway.sqlite")
        let key = try await Bootstrap.run(on: store, now: now()) { _ in }
        guard let key else { throw CancellationError() }
        let uploads = try S3Service(
            root: "\(directory)/blobs", masterKey: masterKey, region: "us-east-1", bucket: "slipway")
        let logs = try LogStore(root: "\(directory)/logs")
        let control = ControlPlane(
            store: store, engine: ScriptedEngine(), gateway: SilentGateway(), inbox: DemandInbox(logs: logs),
            logs: logs,
            dependencies: ControlDependencies(
                now: now, secretBox: SecretBox(masterKey: masterKey),
                archivePath: { try? uploads.directory.path(forKey: $0) }, removeArchive: { _ in }),
            logger: quiet)
        try await control.adopt()
        return TestServer(
            client: SocketClient(path: "\(directory)/management.sock"), control: control, uploads: uploads,
            store: store, adminKey: key)
    }
}

/// A gateway nobody calls through.
private struct SilentGateway: GatewayControl {
    func takeTraffic() -> [DeploymentID: Traffic] { [:] }
    func publish(_ table: RoutingTable) {}
    func load(of deployments: Set<DeploymentID>) -> [DeploymentID: DeploymentLoad] { [:] }
    var waiting: Set<DeploymentID> { [] }
    func inFlight(replica: ReplicaID) -> Int { 0 }
}

// MARK: What most tests do

extension TestServer {
    /// A management call with the admin key.
    func call(
        _ method: String, _ path: String, _ body: JSONValue? = nil, key: String? = nil,
        host: String = "api.localhost:8000"
    ) async throws -> Reply {
        try await client.send(
            method, path, host: host, key: key ?? adminKey, body: try body.map { try WireJSON.encode($0) })
    }

    /// Puts an archive where an upload would have put it.
    func upload(_ bytes: [UInt8]) throws -> String {
        let key = try uploads.issueUpload(now: Date()).key
        try uploads.directory.put(key, bytes)
        return key
    }

    /// Pushes a minimal Truss over REST and returns what it made.
    func push(
        _ name: String, _ members: [String: JSONValue] = [:], config: [String: JSONValue]? = nil
    ) async throws -> CreatedModelDeploymentV1 {
        let key = try upload(Tar.truss(named: name))
        var deployment = members
        deployment["config"] = .object(config ?? ["model_name": .string(name)])
        let reply = try await call(
            "POST", "/v1/models",
            [
                "source": [
                    "kind": "model_archive", "name": .string(name), "s3_key": .string(key),
                    "deployment": .object(deployment),
                ]
            ])
        guard reply.status == 200 else { throw Unexpected(reply: reply) }
        return try reply.document()
    }

    /// Polls until the deployment has the status; at most some seconds.
    @discardableResult
    func wait(
        for status: DeploymentStatusV1, of deployment: DeploymentV1
    ) async throws -> DeploymentV1 {
        try await poll("/v1/models/\(deployment.modelID)/deployments/\(deployment.id)") {
            $0.status == status
        }
    }

    /// Waits until production serves the deployment, so that no promotion runs any more.
    func waitForProduction(_ deployment: DeploymentV1) async throws {
        try await poll("/v1/models/\(deployment.modelID)/environments/production") {
            (environment: EnvironmentV1) in environment.currentDeployment?.id == deployment.id
        }
    }

    /// Polls a document until it is as wanted; at most some seconds.
    @discardableResult
    func poll<Document: Decodable>(
        _ path: String, until isWanted: (Document) -> Bool
    ) async throws -> Document {
        var last: Reply?
        for _ in 0..<200 {
            let reply = try await call("GET", path)
            let document: Document = try reply.document()
            if isWanted(document) { return document }
            last = reply
            try await Task.sleep(for: .milliseconds(50))
        }
        throw Unexpected(reply: last)
    }

    struct Unexpected: Error, CustomStringConvertible {
        var reply: Reply?
        var description: String { reply.map { "\($0.status) \($0.text)" } ?? "no answer" }
    }
}
