// What the next process finds after one was killed in the middle of something.

import Foundation
import SlipwayCore
import Testing

@testable import SlipwayLocalEngine

@Suite("Left by a killed server")
struct AdoptionTests {
    let root: String

    init() throws {
        root = FileManager.default.temporaryDirectory.path + "/killed-\(UUID())"
        for name in ["replicas", "images", "environments", "work"] {
            try FileManager.default.createDirectory(
                atPath: "\(root)/\(name)", withIntermediateDirectories: true)
        }
    }

    private func remove() { try? FileManager.default.removeItem(atPath: root) }

    private func spawn(_ script: String, record: (SpawnedProcess) throws -> Void) throws -> SpawnedProcess {
        try SpawnedProcess.start(
            ["/bin/sh", "-c", script], environment: [:], directory: root, output: root + "/output",
            record: record)
    }

    private struct Full: Error {}

    @Test("a program begins after its record, and never without one")
    func gate() async throws {
        defer { remove() }
        let began = root + "/began"
        #expect(throws: Full.self) { _ = try spawn("touch began") { _ in throw Full() } }
        var recorded: SpawnedProcess?
        let process = try spawn("read line; echo \"read: $line\"; touch began; sleep 60") { process in
            #expect(process.isRunning)
            usleep(100_000)
            #expect(!FileManager.default.fileExists(atPath: began))
            recorded = process
        }
        #expect(recorded == process)
        for _ in 0..<200 where !FileManager.default.fileExists(atPath: began) {
            try await Task.sleep(for: .milliseconds(20))
        }
        #expect(FileManager.default.fileExists(atPath: began))
        #expect(
            try String(contentsOfFile: root + "/output", encoding: .utf8) == "read: \n", "nothing to read")
        process.signal(SIGKILL)
        while process.reap() == nil { try await Task.sleep(for: .milliseconds(5)) }
    }

    @Test("noted commands end with all they started, others are left alone")
    func register() async throws {
        defer { remove() }
        let register = ProcessRegister(path: root + "/processes")
        let noted = try spawn("sleep 60 & wait", record: register.note)
        // Its first process ends; what it started goes on.
        let headless = try spawn("sleep 60 & exit", record: register.note)
        let forgotten = try spawn("sleep 60", record: register.note)
        register.forget(forgotten)
        while headless.reap() == nil { try await Task.sleep(for: .milliseconds(5)) }
        #expect(kill(-headless.pid, 0) == 0)
        // A pid that was given to somebody else since.
        let reused = SpawnedProcess(pid: forgotten.pid, startTime: forgotten.startTime - 1)
        try register.note(reused)
        await register.endAll()
        #expect(!noted.isRunning && forgotten.isRunning)
        #expect(try FileManager.default.contentsOfDirectory(atPath: root + "/processes").isEmpty)
        while noted.reap() == nil { try await Task.sleep(for: .milliseconds(5)) }
        for _ in 0..<200 where kill(-headless.pid, 0) == 0 { try await Task.sleep(for: .milliseconds(20)) }
        #expect(kill(-headless.pid, 0) != 0)
        forgotten.signal(SIGKILL)
        while forgotten.reap() == nil { try await Task.sleep(for: .milliseconds(5)) }
    }

    @Test("half-made images and environments go, whole ones stay")
    func leftovers() async throws {
        defer { remove() }
        let files = FileManager.default
        let gone = [
            "work/build", "images/abc.123", "environments/half", "environments/half.log", "probe-1",
        ]
        let kept = ["images/abc", "environments/whole", "tools"]
        for name in gone + kept {
            try files.createDirectory(atPath: "\(root)/\(name)", withIntermediateDirectories: true)
        }
        let marker = EnvironmentCache.marker(of: root + "/environments/whole")
        _ = files.createFile(atPath: marker, contents: nil)
        // One that marks itself as whole is not believed.
        _ = files.createFile(atPath: root + "/environments/half/.complete", contents: nil)
        try BuildLeftovers(root: root).remove()
        for name in gone { #expect(!files.fileExists(atPath: "\(root)/\(name)"), "\(name)") }
        for name in kept { #expect(files.fileExists(atPath: "\(root)/\(name)"), "\(name)") }
        Trash(root: root).empty()
        func left() throws -> [String] { try files.contentsOfDirectory(atPath: root + "/trash") }
        for _ in 0..<200 where try !left().isEmpty { try await Task.sleep(for: .milliseconds(20)) }
        #expect(try left() == [])
    }

    @Test("a start that was cut off before its record leaves nothing")
    func cutOff() async throws {
        defer { remove() }
        let unit = UnitDirectory(root: root, id: ReplicaID("cutoff01"))
        try unit.make()
        #expect(try await Adoption(root: root, groups: .probe(), requiresNetwork: true).units().isEmpty)
        #expect(!FileManager.default.fileExists(atPath: unit.path))
    }
}
