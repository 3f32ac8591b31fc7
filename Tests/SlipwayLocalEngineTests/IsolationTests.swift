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
        let found = try await Isolation.probe(configuration)
        for part in Isolation.Part.allCases { #expect(found.has(part) == (found.reasons[part] == nil)) }
        let (facts, missing) = found.describe(user: 60000, egress: .open)
        for words in ["seccomp", "/proc of their own", "network of its own"] where found.mode == .root {
            #expect(facts.contains { $0.contains(words) }, "\(missing)")
        }
        var plain = configuration
        plain.usesNamespaces = false
        let less = try await Isolation.probe(plain)
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

    @Test(
        "a lack of room for the try is no answer: it is said, and tried again", .enabled(if: geteuid() == 0))
    func shortage() async throws {
        let place = FileManager.default.temporaryDirectory.path + "/full-\(UUID())"
        try FileManager.default.createDirectory(atPath: place, withIntermediateDirectories: true)
        func mount(_ program: String, _ arguments: String...) async throws {
            let result = try await Command.run(
                [program] + arguments, environment: [:], directory: "/", output: place + ".log")
            try #require(result.code == 0, "\(result.tail)")
        }
        // Enough for the directories of the engine.
        try await mount("/bin/mount", "-t", "tmpfs", "-o", "nr_inodes=10", "slipway", place)
        let engine = try Workshop.engine { $0.dataDirectory = place }
        #expect(await engine.describe().missing.contains { $0.contains("cannot be found out now") })
        try await mount("/bin/mount", "-o", "remount,nr_inodes=10000", place)
        async let first = engine.describe()
        async let second = engine.describe()
        for said in await [first, second] { #expect(!said.missing.contains { $0.contains("found out") }) }
        #expect(try FileManager.default.contentsOfDirectory(atPath: place + "/engine").count == 5)
        await engine.shutdown(stopReplicas: true)
        try await mount("/bin/umount", place)
        rmdir(place)
    }

    @Test("what is not there need not be hidden")
    func nothingToHide() throws {
        let place = FileManager.default.temporaryDirectory.path + "/absent-\(UUID())"
        #expect(!LocalEngineConfiguration(dataDirectory: place).hidden.contains(place))
        #expect(!LocalEngineConfiguration(dataDirectory: Workshop.directory).hidden.isEmpty)
    }

    @Test("the file of the environment is written over no other file")
    func plantedLink() throws {
        let unit = Workshop.directory + "/planted-\(UUID())"
        try FileManager.default.createDirectory(
            atPath: unit + "/dynamic", withIntermediateDirectories: true)
        try "kept".write(toFile: unit + "/victim", atomically: true, encoding: .utf8)
        for name in ["environment", "environment.new"] {
            #expect(symlink(unit + "/victim", "\(unit)/dynamic/\(name)") == 0)
        }
        try EnvironmentFile(unit: unit).write("production")
        #expect(try String(contentsOfFile: unit + "/victim", encoding: .utf8) == "kept")
        let written = try String(contentsOfFile: unit + "/dynamic/environment", encoding: .utf8)
        #expect(written == #"{"name":"production"}"#)
    }

    @Test("what an overlay leaves is removed by who may not look into it")
    func unreadable() throws {
        let unit = Workshop.directory + "/unreadable-\(UUID())"
        let work = unit + "/layers/app-work/work"
        try FileManager.default.createDirectory(atPath: work + "/index", withIntermediateDirectories: true)
        for path in [work + "/index", work, unit + "/layers/app-work", unit + "/layers", unit] {
            lchown(path, 65534, 65534)
        }
        chmod(work, 0)
        Nobody.act { Trash.remove(unit + "/layers") }
        #expect(!FileManager.default.fileExists(atPath: unit + "/layers"))
        Trash.remove(unit)
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
        // A directory of a real file system has no files of limits.
        let failure = #expect(throws: StartFailure.self) {
            try given.make("abc", .replica(type, disk: DiskLimit(bytes: 1)))
        }
        #expect(failure?.cause == .machine && failure?.reason.contains("memory.max") == true)
        let group = root + "/system.slice/slipway.service/slipway/abc"
        #expect(!files.fileExists(atPath: group) && given.existing(ReplicaID("abc")) == nil)
        try files.createDirectory(atPath: group, withIntermediateDirectories: true)
        for name in ["cgroup.procs", "memory.max", "cpu.max", "pids.max"] {
            #expect(files.createFile(atPath: "\(group)/\(name)", contents: Data()))
        }
        // No swap is counted.
        #expect(try given.make("abc", .replica(type, disk: DiskLimit(bytes: 1)))?.directories == [group])
        #expect(given.existing(ReplicaID("abc"))?.directories == [group])
        // The next server is started by this one, and so in the group it went to.
        try "0::/system.slice/slipway.service/slipway-server\n".write(
            toFile: own, atomically: true, encoding: .utf8)
        let next = ControlGroups.probe(root: root, own: own)
        #expect(next.existing(ReplicaID("abc"))?.directories == [group])
        #expect(try String(contentsOfFile: group + "/memory.max", encoding: .utf8) == "2147483648")
        #expect(try String(contentsOfFile: group + "/cpu.max", encoding: .utf8) == "150000 100000")
        try "oom 3\noom_kill 2\n".write(toFile: group + "/memory.events", atomically: true, encoding: .utf8)
        let event = EngineEvent.phase(ReplicaID("abc"), .exited(code: 137), endpoint: nil, reason: "ended")
        guard case .phase(_, _, _, let reason) = event.naming(shortageIn: ControlGroup(directories: [group]))
        else { return }
        #expect(reason?.hasPrefix("Out of memory") == true && reason?.hasSuffix("ended") == true)
    }
}

/// A user without rights, as which this thread reaches files for a while.
private enum Nobody {
    static func act(_ body: () -> Void) {
        guard geteuid() == 0, let symbol = dlsym(nil, "setfsuid") else { return body() }
        let become = unsafeBitCast(symbol, to: (@convention(c) (UInt32) -> Int32).self)
        _ = become(65534)
        body()
        _ = become(0)
    }
}

// Beside the others that build, as those wait for each other.
extension EngineTests {
    @Test("a deployment that asks for no egress does not start where there is no network of its own")
    func refused() async throws {
        // What was pushed before the server lost its walls.
        let addresses = "runtime: {egress_restrictions: {ip_allow_list: [192.0.2.1]}}\n"
        let walled = try Workshop.engine()
        let limited = try await build(walled, config: addresses)
        await walled.shutdown(stopReplicas: true)
        let engine = try Workshop.engine { $0.usesNamespaces = false }
        let image = try await build(engine, config: "model_metadata: {slipway: {egress: none}}\n")
        let failure = await #expect(throws: StartFailure.self) {
            try await engine.start(Workshop.spec(image))
        }
        #expect(failure?.reason.contains("cannot keep a replica from the network") == true)
        let needs = MachineNeeds(user: 1_234_567, mountsSecrets: true, limitsEgress: true)
        #expect(
            try await engine.unmet(needs).map(\.key) == [
                "docker_server.run_as_user_id", "build.secret_to_path_mapping", "runtime.egress_restrictions",
            ])
        let build = await #expect(throws: BuildFailure.self) {
            try await self.build(engine, config: addresses)
        }
        #expect(build?.reason.contains("runtime.egress_restrictions") == true)
        let second = await #expect(throws: StartFailure.self) {
            try await engine.start(Workshop.spec(limited))
        }
        #expect(second?.reason.contains("cannot keep a replica from the network") == true)
        await engine.shutdown(stopReplicas: true)
    }
}
