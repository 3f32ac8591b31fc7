// Processes in namespaces of their own: how they start, end and are asked to.

import CSlipwayLinux
import Foundation
import Testing

@testable import SlipwayLocalEngine

@Suite struct FirstProcessTests {
    let output = FileManager.default.temporaryDirectory.appendingPathComponent("first-\(UUID())").path

    /// As root in a namespace of processes, else without.
    static var isolated: Isolated {
        guard geteuid() == 0 else { return Isolated(filtersCalls: true) }
        return Isolated(
            namespaces: slipway_process_namespaces, user: 60000, staysFirst: true, filtersCalls: true,
            dropsPrivileges: true)
    }

    func run(_ script: String, _ isolated: Isolated = isolated) async throws -> CommandResult {
        try await Command.run(output: output, timeout: .seconds(20)) {
            try SpawnedProcess.start(["/bin/sh", "-c", script], isolated, output: output, record: $0)
        }
    }

    @Test(
        "the exit code is the command's",
        arguments: [("exit 0", 0), ("exit 7", 7), ("kill -9 $$", 137), ("kill -SEGV $$", 139)]
            as [(String, Int32)]
    )
    func exitCodes(script: String, code: Int32) async throws {
        #expect(try await run(script).code == code)
    }

    @Test("a program that is not there ends with 127, whatever waits for it")
    func missingProgram() async throws {
        let result = try await Command.run(output: output, timeout: .seconds(20)) {
            try SpawnedProcess.start(["/no/such/program"], Self.isolated, output: output, record: $0)
        }
        #expect(result.code == 127)
    }

    @Test("nothing is left of rights, files and the environment")
    func rights() async throws {
        let result = try await run(
            "grep -E '^(NoNewPrivs|Seccomp|CapEff|CapBnd):' /proc/self/status; ls /proc/self/fd | wc -l; env")
        let said = result.tail.joined(separator: "\n").replacing("\t", with: " ")
        #expect(said.contains("NoNewPrivs: 1") && said.contains("Seccomp: 2"))
        if geteuid() == 0 {
            #expect(said.contains("CapEff: 0000000000000000") && said.contains("CapBnd: 0000000000000000"))
        }
        // Standard files, and the directory that ls reads.
        #expect(result.tail.contains("4"), "\(result.tail)")
        #expect(!said.contains("HOME="))
    }

    @Test("a command that is asked to end ends in its own way, and takes with it all it started")
    func asked() async throws {
        let script = "trap 'echo asked; exit 9' TERM; sleep 54321 & setsid sleep 54321 & echo ready; wait"
        let process = try SpawnedProcess.start(
            ["/bin/sh", "-c", script], Self.isolated, output: output, record: { _ in })
        try await says("ready")
        process.signal(SIGTERM)
        #expect(try await code(of: process) == 9)
        #expect(try String(contentsOfFile: output, encoding: .utf8).contains("asked\n"))
        if geteuid() == 0 { #expect(try await isGone("sleep 54321")) }
    }

    @Test("a signal that comes before the command runs is not lost")
    func early() async throws {
        let process = try SpawnedProcess.start(["/bin/sleep", "60"], Self.isolated, output: output) {
            $0.signal(SIGTERM)
        }
        #expect(try await code(of: process) == 128 + SIGTERM)
    }

    @Test("the end by force of the first process is the end of all")
    func killed() async throws {
        let process = try SpawnedProcess.start(
            ["/bin/sh", "-c", "setsid sleep 65432 & echo ready; wait"], Self.isolated, output: output,
            record: { _ in })
        try await says("ready")
        process.signal(SIGKILL)
        #expect(try await code(of: process) == 137)
        if geteuid() == 0 { #expect(try await isGone("sleep 65432")) }
    }

    @Test("what cannot be recorded never runs, nor what a failing step comes before")
    func unrecorded() async throws {
        struct Full: Error {}
        let made = output + ".made"
        #expect(throws: Full.self) {
            try SpawnedProcess.start(["/bin/touch", made], Isolated(), output: output) { _ in throw Full() }
        }
        let failing = Isolated(steps: [.directory("/proc/nowhere/below")])
        let error = #expect(throws: SpawnError.self) {
            try SpawnedProcess.start(["/bin/touch", made], failing, output: output) { _ in }
        }
        #expect(error?.description == "making /proc/nowhere/below: No such file or directory")
        #expect(error?.code == ENOENT)
        #expect(!FileManager.default.fileExists(atPath: made))
    }

    // MARK: -

    private func says(_ words: String) async throws {
        for _ in 0..<400 {
            if try String(contentsOfFile: output, encoding: .utf8).contains(words) { return }
            try await Task.sleep(for: .milliseconds(25))
        }
        Issue.record("it did not say \(words)")
    }

    private func code(of process: SpawnedProcess) async throws -> Int32? {
        for _ in 0..<800 {
            if let code = process.reap() { return code }
            try await Task.sleep(for: .milliseconds(25))
        }
        process.signal(SIGKILL)
        return nil
    }

    private func isGone(_ command: String) async throws -> Bool {
        let result = try await Command.run(
            ["/usr/bin/pgrep", "-f", "^\(command)"], environment: [:], directory: "/",
            output: output + ".pgrep")
        return result.code == 1
    }
}
