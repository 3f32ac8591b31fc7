// One engine directory for all tests of this process, so that tools and environments are made once, and the
// small Trusses they run.

import Foundation
import Logging
import SlipwayCore
import SlipwayEngine
import Synchronization
import Testing

@testable import SlipwayLocalEngine

enum Workshop {
    static let directory: String = {
        let path = FileManager.default.temporaryDirectory.appendingPathComponent("engine-\(UUID())").path
        try? FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        removeAtExit(path)
        return path
    }()

    static func engine(_ change: (inout LocalEngineConfiguration) -> Void = { _ in }) throws -> LocalEngine {
        var configuration = LocalEngineConfiguration(dataDirectory: directory)
        change(&configuration)
        var logger = Logger(label: "test")
        logger.logLevel = .error
        return try LocalEngine(configuration: configuration, logger: logger)
    }

    static let echo = """
        class Model:
            def predict(self, model_input):
                return model_input
        """

    /// Packs a Truss with tar.
    static func archive(model: String = echo, config: String = "", files: [String: String] = [:]) throws
        -> String
    {
        let root = FileManager.default.temporaryDirectory.appendingPathComponent("truss-\(UUID())")
        let contents = [
            "config.yaml": "model_name: test\npython_version: py311\n" + config, "model/__init__.py": "",
            "model/model.py": model,
        ].merging(files) { $1 }
        for (name, content) in contents {
            let file = root.appendingPathComponent(name)
            try FileManager.default.createDirectory(
                at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
            try content.write(to: file, atomically: true, encoding: .utf8)
        }
        let tar = Process()
        tar.executableURL = URL(fileURLWithPath: "/bin/tar")
        tar.arguments = ["--create", "--file", root.path + ".tar", "--directory", root.path, "."]
        try tar.run()
        tar.waitUntilExit()
        try #require(tar.terminationStatus == 0)
        return root.path + ".tar"
    }

    static func spec(_ image: BuiltImage, secrets: [String: String] = [:], environment: String? = nil)
        -> ReplicaSpec
    {
        var random = SystemRandomNumberGenerator()
        return ReplicaSpec(
            replicaID: .random(length: 8, using: &random), deploymentID: DeploymentID("dep0001"),
            modelID: ModelID("model001"), imageID: image.id, environmentName: environment, secrets: secrets,
            instanceType: InstanceType(id: "1x2", name: "1x2", millicpu: 1000, memoryMiB: 2048))
    }
}

/// Removes the workshop when the test process ends.
private func removeAtExit(_ path: String) {
    Cleanup.path.withLock { $0 = path }
    atexit {
        if let path = Cleanup.path.withLock({ $0 }) { try? FileManager.default.removeItem(atPath: path) }
    }
}

private enum Cleanup {
    static let path = Mutex<String?>(nil)
}

/// Keeps what an engine reports, so that tests can wait for it.
actor Reports {
    private(set) var phases: [ReplicaID: [ReplicaPhase]] = [:]
    private(set) var endpoints: [ReplicaID: ReplicaEndpoint] = [:]
    private(set) var reasons: [ReplicaID: String] = [:]
    private(set) var lines: [LogEntry] = []

    init(_ engine: LocalEngine) {
        Task { for await event in engine.events() { await self.take(event) } }
    }

    private func take(_ event: EngineEvent) {
        switch event {
        case .log(_, let entry): lines.append(entry)
        case .phase(let id, let phase, let endpoint, let reason):
            phases[id, default: []].append(phase)
            if let endpoint { endpoints[id] = endpoint }
            if let reason { reasons[id] = reason }
        }
    }

    /// Waits until the replica reaches a phase, or ends.
    func reaches(_ wanted: ReplicaPhase, _ id: ReplicaID) async -> Bool {
        for _ in 0..<600 {
            if phases[id]?.contains(wanted) == true { return true }
            if case .exited = phases[id]?.last, phases[id]?.last != wanted { return false }
            try? await Task.sleep(for: .milliseconds(50))
        }
        return false
    }

    func says(_ words: String) async -> Bool {
        for _ in 0..<200 {
            if lines.contains(where: { $0.message.contains(words) }) { return true }
            try? await Task.sleep(for: .milliseconds(50))
        }
        return false
    }
}

/// POSTs JSON to a replica with curl, in its network, and returns the answer's body.
func post(_ body: String, to endpoint: ReplicaEndpoint, _ path: String = "/v1/models/model:predict")
    async throws -> String
{
    var way: [String] = []
    if let owner = endpoint.network {
        way = ["/usr/bin/nsenter", "--target", "\(owner.pid)", "--net"]
        if geteuid() != 0 { way += ["--user", "--preserve-credentials"] }
    }
    let host = endpoint.network == nil ? endpoint.host : "127.0.0.1"
    let result = try await Command.run(
        way + [
            "/usr/bin/curl", "-s", "-d", body, "-H", "Content-Type: application/json",
            "http://\(host):\(endpoint.port)\(path)",
        ], environment: ["PATH": "/usr/bin"], directory: "/",
        output: FileManager.default.temporaryDirectory.path + "/curl-\(UUID())", timeout: .seconds(20))
    return result.tail.joined(separator: "\n")
}
