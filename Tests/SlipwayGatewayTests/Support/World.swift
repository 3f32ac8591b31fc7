// A started gateway with its observer, a client, and tables to publish; every socket test runs in one.

import AsyncHTTPClient
import Foundation
import Logging
import NIOCore
import NIOHTTP1
import NIOPosix
import SlipwayCore
import Synchronization
import Testing

@testable import SlipwayGateway

let model = ModelID("abc12345")
let published = DeploymentID("dep1111")
let candidate = DeploymentID("dep2222")
let development = DeploymentID("dev1111")
let key = "pre1.secret1"
let foreignKey = "pre2.secret2"

final class RecordingObserver: DemandObserver {
    private struct Records {
        var demands: [DeploymentID] = []
        var failures: [ReplicaID] = []
        var logs: [LogEntry] = []
    }
    private let records = Mutex(Records())

    func demand(for deployment: DeploymentID) { records.withLock { $0.demands.append(deployment) } }
    func connectionFailed(replica: ReplicaID, of deployment: DeploymentID) {
        records.withLock { $0.failures.append(replica) }
    }
    func log(_ entry: LogEntry, of deployment: DeploymentID) { records.withLock { $0.logs.append(entry) } }

    var demands: [DeploymentID] { records.withLock { $0.demands } }
    var failures: [ReplicaID] { records.withLock { $0.failures } }
    var logs: [LogEntry] { records.withLock { $0.logs } }
}

/// Production and environment `staging` lead to `production`, environment `empty` to nothing.
func table(
    _ replicas: [ReplicaRoute], production: DeploymentID = published,
    availability: DeploymentRoute.Availability = .open, predictPath: String = "/v1/models/model:predict"
) -> RoutingTable {
    func route(_ id: DeploymentID, _ replicas: [ReplicaRoute]) -> DeploymentRoute {
        DeploymentRoute(
            deploymentID: id, modelID: model, predictPath: predictPath, availability: availability,
            replicas: replicas)
    }
    let other = production == published ? candidate : published
    return RoutingTable(
        keys: [
            KeyDigest(keyText: key): APIKeyGrant(category: .personal),
            KeyDigest(keyText: foreignKey): APIKeyGrant(
                category: .workspaceInvoke, modelIDs: [ModelID("other111")]),
        ],
        models: [
            model: ModelRoutes(
                development: nil,
                environments: [
                    "production": production, "staging": production, "empty": nil as DeploymentID?,
                ],
                deployments: [published, candidate]),
            ModelID("withdev1"): ModelRoutes(development: development, deployments: [development]),
        ],
        deployments: [
            production: route(production, replicas), other: route(other, []),
            development: route(development, replicas),
        ])
}

extension RoutingTable {
    /// Changes a route that is there.
    mutating func edit(_ id: DeploymentID, _ change: (inout DeploymentRoute) -> Void) {
        guard var route = deployments[id] else { return }
        change(&route)
        set(route, for: id)
    }
}

struct World: Sendable {
    let group: MultiThreadedEventLoopGroup
    let gateway: Gateway
    let observer: RecordingObserver
    let http: HTTPClient
    let port: Int
    let inferencePort: Int
    let socketPath: String

    static func with(
        threads: Int = 2, configure: (inout GatewayConfiguration) -> Void = { _ in },
        _ body: (World) async throws -> Void
    ) async throws {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: threads)
        let socketPath = FileManager.default.temporaryDirectory
            .appendingPathComponent("gw-\(UInt32.random(in: 0 ... .max)).sock").path
        var configuration = GatewayConfiguration(
            port: 0, inferencePort: 0,
            managementUpstream: .path(socketPath))
        configuration.eventLoops = threads
        configure(&configuration)
        let observer = RecordingObserver()
        let gateway = Gateway(
            configuration: configuration, observer: observer, logger: Logger(label: "test")
        ) {
            Timestamp(microseconds: Int64(Date().timeIntervalSince1970 * 1_000_000))
        }
        let addresses = try await gateway.start()
        var clientConfiguration = HTTPClient.Configuration()
        clientConfiguration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = 64
        let http = HTTPClient(eventLoopGroup: group, configuration: clientConfiguration)
        let world = World(
            group: group, gateway: gateway, observer: observer, http: http,
            port: try #require(addresses.main.port),
            inferencePort: try #require(addresses.inference?.port), socketPath: socketPath)
        let outcome: Result<Void, any Error>
        do { outcome = .success(try await body(world)) } catch { outcome = .failure(error) }
        try await http.shutdown()
        await gateway.shutdown(grace: .seconds(1))
        try await group.shutdownGracefully()
        try? FileManager.default.removeItem(atPath: socketPath)
        try outcome.get()
    }

    func backend(_ script: @escaping Backend.Script = Backend.echo) async throws -> Backend {
        try await Backend.start(on: group, script: script)
    }

    func request(
        _ path: String, host: String = "model-abc12345.localhost", method: HTTPMethod = .POST,
        authorization: String? = "Api-Key \(key)", headers: HTTPHeaders = [:], body: ByteBuffer? = nil,
        port: Int? = nil
    ) async throws -> Reply {
        let response = try await open(
            path, host: host, method: method, authorization: authorization, headers: headers, body: body,
            port: port)
        let body = try await response.body.collect(upTo: 64 * 1024 * 1024)
        return Reply(status: Int(response.status.code), headers: response.headers, body: body)
    }

    /// Returns at the response head; the body can be read as it comes.
    func open(
        _ path: String, host: String = "model-abc12345.localhost", method: HTTPMethod = .POST,
        authorization: String? = "Api-Key \(key)", headers: HTTPHeaders = [:], body: ByteBuffer? = nil,
        port: Int? = nil
    ) async throws -> HTTPClientResponse {
        var request = HTTPClientRequest(url: "http://127.0.0.1:\(port ?? self.port)\(path)")
        request.method = method
        request.headers = headers
        request.headers.replaceOrAdd(name: "Host", value: host)
        if let authorization { request.headers.add(name: "Authorization", value: authorization) }
        if let body { request.body = .bytes(body) }
        return try await http.execute(request, timeout: .seconds(30))
    }
}

struct Reply {
    var status: Int
    var headers: HTTPHeaders
    var body: ByteBuffer

    var text: String { String(buffer: body) }
    var error: [String: String] {
        (try? JSONDecoder().decode([String: String].self, from: Data(body.readableBytesView))) ?? [:]
    }
}

/// Waits, at most 15 s, until `condition` holds; records an issue if it never does.
func eventually(
    _ what: Comment, sourceLocation: SourceLocation = #_sourceLocation, _ condition: () -> Bool
) async throws {
    let deadline = ContinuousClock.now + .seconds(15)
    while !condition() {
        try #require(ContinuousClock.now < deadline, what, sourceLocation: sourceLocation)
        try await Task.sleep(for: .milliseconds(5))
    }
}
