// What the machine gives is found out by trying, and what it does not give is said.

import Foundation
import SlipwayCore
import SlipwayEngine
import SlipwayTruss
import Testing

@testable import SlipwayLocalEngine

@Suite struct IsolationTests {
    @Test("every part is either given or missing with its reason")
    func described() async throws {
        let configuration = LocalEngineConfiguration(dataDirectory: Workshop.directory)
        let found = await Isolation.probe(configuration)
        for part in Isolation.Part.allCases { #expect(found.has(part) == (found.reasons[part] == nil)) }
        let (facts, missing) = found.describe(user: 60000, egress: .open)
        for words in ["seccomp", "/proc of their own", "network"] where found.mode == .root {
            #expect(facts.contains { $0.contains(words) }, "\(missing)")
        }
        var plain = configuration
        plain.usesNamespaces = false
        let less = await Isolation.probe(plain)
        #expect(less.mode == .plain && !less.has(.processes) && !less.has(.network) && less.has(.filter))
        let said = less.describe(user: 60000, egress: .open).missing.joined(separator: "\n")
        for words in ["server's user", "plain processes", "no process namespace", "cannot be started"] {
            #expect(said.contains(words), "\(said)")
        }
    }

    @Test("what must not be seen is covered where it lies among the system's files, and shown again in parts")
    func hidden() throws {
        let tree = Workshop.directory + "/hidden"
        try FileManager.default.createDirectory(atPath: tree + "/app", withIntermediateDirectories: true)
        func targets(_ hidden: [String], environment: String) throws -> [String] {
            let launch = Launch(
                isolation: Isolation(mode: .root, parts: [.processes]), egress: .open, unit: "/unit",
                tree: tree,
                writesToTree: false, command: [], environment: [:], workingDirectory: "/app",
                pythonEnvironment: environment, interpreterPrefix: "/usr", user: 60000, cgroups: [],
                hidden: hidden)
            return try RootLayout(launch).steps.filter { $0.type == "tmpfs" || $0.source == environment }
                .compactMap(\.target)
        }
        let environment = "/opt/data/engine/environments/1"
        let covered = try targets(["/opt/data"], environment: environment)
        let cover = try #require(covered.firstIndex(of: "/unit/root/opt/data"))
        let shown = try #require(covered.firstIndex(of: "/unit/root" + environment))
        #expect(cover < shown)
        #expect(
            try targets(["/srv/data"], environment: "/opt/python").contains { $0.contains("/opt") } == false)
    }

    @Test("control groups: version 2 beside the system's groups, below the own one, or none with the reason")
    func controlGroups() throws {
        let files = FileManager.default
        let root = files.temporaryDirectory.appendingPathComponent("groups-\(UUID())").path
        defer { try? files.removeItem(atPath: root) }
        func place(_ path: String) throws {
            try files.createDirectory(atPath: root + path + "/slipway", withIntermediateDirectories: true)
            for name in ["cgroup.controllers", "cgroup.subtree_control", "slipway/cgroup.subtree_control"] {
                #expect(files.createFile(atPath: "\(root)\(path)/\(name)", contents: Data()))
            }
        }
        let own = root + ".own"
        defer { unlink(own) }
        try "0::/system.slice/slipway.service\n".write(toFile: own, atomically: true, encoding: .utf8)
        #expect(ControlGroups.probe(root: root, own: own).version == .none)
        try place("")
        #expect(ControlGroups.probe(root: root, own: own).version == .v2)
        // The machine's own group cannot be written to.
        unlink(root + "/cgroup.subtree_control")
        let refused = ControlGroups.probe(root: root, own: own)
        #expect(refused.version == .none && refused.words.contains("not limited"))
        try place("/system.slice/slipway.service")
        unlink(root + "/cgroup.subtree_control")
        let given = ControlGroups.probe(root: root, own: own)
        #expect(given.version == .v2)
        let type = InstanceType(id: "1x2", name: "1x2", millicpu: 1500, memoryMiB: 2048)
        // A directory of a real file system has no file of processes: no group.
        #expect(given.make(ReplicaID("abc"), type) == nil)
        let group = root + "/system.slice/slipway.service/slipway/abc"
        for name in ["cgroup.procs", "memory.max", "memory.swap.max", "cpu.max", "pids.max"] {
            #expect(files.createFile(atPath: "\(group)/\(name)", contents: Data()))
        }
        #expect(given.make(ReplicaID("abc"), type)?.directories == [group])
        #expect(try String(contentsOfFile: group + "/memory.max", encoding: .utf8) == "2147483648")
        #expect(try String(contentsOfFile: group + "/cpu.max", encoding: .utf8) == "150000 100000")
        try "oom 3\noom_kill 2\n".write(toFile: group + "/memory.events", atomically: true, encoding: .utf8)
        let event = EngineEvent.phase(ReplicaID("abc"), .exited(code: 137), endpoint: nil, reason: "ended")
        guard case .phase(_, _, _, let reason) = event.naming(shortageIn: ControlGroup(directories: [group]))
        else { return }
        #expect(reason?.hasPrefix("Out of memory") == true && reason?.hasSuffix("ended") == true)
    }
}

// Beside the others that build, as those wait for each other.
extension EngineTests {
    @Test("a deployment that asks for no egress does not start where there is no network of its own")
    func refused() async throws {
        let engine = try Workshop.engine { $0.usesNamespaces = false }
        let image = try await build(engine, config: "model_metadata: {slipway: {egress: none}}\n")
        let failure = await #expect(throws: StartFailure.self) {
            try await engine.start(Workshop.spec(image))
        }
        #expect(failure?.reason.contains("cannot keep a replica from the network") == true)
        await engine.shutdown(stopReplicas: true)
    }
}
