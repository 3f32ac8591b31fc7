// Child processes, their output and their ports.

import Foundation
import SlipwayCore
import SlipwayLogs
import Synchronization
import Testing

@testable import SlipwayLocalEngine

/// Log lines of a build, in order.
final class Lines: Sendable {
    private let all = Mutex<[String]>([])

    func add(_ entry: LogEntry) { all.withLock { $0.append(entry.message) } }

    func add(_ text: String) { all.withLock { $0.append(text) } }

    func contains(_ words: String) -> Bool { all.withLock { $0.contains { $0.contains(words) } } }

    var count: Int { all.withLock { $0.count } }
}

@Suite struct ProcessTests {
    let output = FileManager.default.temporaryDirectory.appendingPathComponent("out-\(UUID())").path

    @Test("a command's lines and exit code come back, and it sees only the given environment")
    func command() async throws {
        let lines = Lines()
        let result = try await Command.run(
            ["/bin/sh", "-c", "echo one; echo two >&2; echo $HOME-$GIVEN; printf unfinished; exit 3"],
            environment: ["GIVEN": "yes"], directory: "/", output: output
        ) { lines.add($0) }
        #expect(result.code == 3)
        #expect(result.tail == ["one", "two", "-yes", "unfinished"])
        #expect(lines.count == 4)
        #expect(!FileManager.default.fileExists(atPath: output))
    }

    @Test("a signal's exit code is 128 and its number, and a missing program is an error")
    func endings() async throws {
        let killed = try await Command.run(
            ["/bin/sh", "-c", "kill -9 $$"], environment: [:], directory: "/", output: output)
        #expect(killed.code == 137)
        await #expect(throws: SpawnError.self) {
            try await Command.run(["/no/such/program"], environment: [:], directory: "/", output: output)
        }
    }

    @Test("a process whose pid is another's by now is neither signalled nor waited for")
    func replaced() async throws {
        let process = try SpawnedProcess.start(
            ["/bin/sleep", "60"], environment: [:], directory: "/", output: output)
        let former = SpawnedProcess(pid: process.pid, startTime: process.startTime - 1)
        #expect(!former.isRunning && former.exitCode == 1)
        #expect(!former.signal(SIGKILL))
        try await Task.sleep(for: .milliseconds(50))
        #expect(process.isRunning && process.exitCode == nil)
        #expect(process.signal(SIGKILL))
        while process.isRunning { try await Task.sleep(for: .milliseconds(5)) }
        #expect(former.reap() == nil && process.exitCode == 137)
    }

    @Test("cancelling or running late ends a command with all its children")
    func cancellation() async throws {
        let marker = "3\(UInt32.random(in: 1000...9999))"
        let script = ["/bin/sh", "-c", "sleep \(marker) & sleep \(marker); wait"]
        let task = Task { [output] in
            try await Command.run(
                script, environment: ["PATH": "/bin:/usr/bin"], directory: "/", output: output)
        }
        try await Task.sleep(for: .milliseconds(200))
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
        let late = try await Command.run(
            script, environment: ["PATH": "/bin:/usr/bin"], directory: "/", output: output,
            timeout: .milliseconds(200))
        #expect(late.code == 137)
        let left = try await Command.run(
            ["/bin/sh", "-c", "pgrep -f '[s]leep \(marker)' || true"],
            environment: ["PATH": "/bin:/usr/bin"],
            directory: "/", output: output)
        #expect(left.tail == [])
    }

    @Test("output is read in whole lines across pieces, long lines in parts, and consumed blocks are freed")
    func tail() throws {
        func append(_ text: String) throws {
            if !FileManager.default.fileExists(atPath: output) {
                try Data().write(to: URL(fileURLWithPath: output))
            }
            let handle = try FileHandle(forWritingTo: URL(fileURLWithPath: output))
            try handle.seekToEnd()
            try handle.write(contentsOf: Data(text.utf8))
            try handle.close()
        }
        var tail = OutputTail(path: output)
        #expect(tail.lines() == [])
        try append("one\ntw")
        #expect(tail.lines() == ["one"])
        try append("o\n\nthree")
        #expect(tail.lines() == ["two", ""])
        let offset = tail.offset
        #expect(tail.lines(final: true) == ["three"])
        var resumed = OutputTail(path: output, offset: offset)
        try append("\n")
        #expect(resumed.lines() == ["three"])
        try append(String(repeating: "x", count: 200_000) + "\n")
        #expect(resumed.lines().map(\.utf8.count).reduce(0, +) == 200_000)
        var now = ContinuousClock.now
        for _ in 0..<16 {
            try append(String(repeating: String(repeating: "y", count: 999) + "\n", count: 1000))
            now += .seconds(2)
            var count = 0
            repeat { count += resumed.lines(now: now).count } while resumed.hasMore
            #expect(count == 1000)
            if resumed.canFree { resumed.free() }
        }
        var info = stat()
        stat(output, &info)
        #expect(info.st_size > 16_000_000)
        #expect(Int(info.st_blocks) * 512 < 8 << 20)
    }

    @Test("a port is handed out once and not while somebody listens on it")
    func ports() throws {
        var pool = HostPorts(31000...31003)
        let taken = (0..<4).compactMap { _ in pool.take() }
        #expect(Set(taken).count == taken.count)
        let none = pool.take()
        #expect(none == nil || taken.count < 4)
        if let first = taken.first {
            pool.release(first)
            let again = pool.take()
            #expect(again == first)
            let twice = pool.take(first)
            #expect(!twice)
        }
    }

    @Test(
        "the last words explain an end best by the exception",
        arguments: [
            (
                ["loading", "Traceback (most recent call last):", "ValueError: boom", "Shutting down"],
                "ValueError: boom"
            ),
            (["just words"], "exited with code 1. Its last line: just words"), ([], "without a word"),
            (
                ["no weights here", #"INFO: 127.0.0.1:5 - "GET /health/ready HTTP/1.1" 503"#],
                "no weights here"
            ),
            ([#"127.0.0.1 - - [28/Nov] "GET / HTTP/1.1" 200 -"#], "without a word"),
            (["KeyError: 'a'"] + Array(repeating: "served", count: 101), "Its last line: served"),
            (
                ["KeyError: 'a'"] + Array(repeating: "served", count: 50),
                "exited with code 1. The last error it named: KeyError: 'a'"
            ),
        ])
    func lastWords(lines: [String], expected: String) {
        var words = LastWords()
        for line in lines { words.hear(ParsedLine(message: line)) }
        #expect(words.explanation(code: 1).contains(expected))
        #expect(words.explanation(code: 137).contains("signal 9"))
    }

    @Test("what a replica said before it was killed is no reason, but for an error")
    func killed() {
        var words = LastWords()
        words.hear(ParsedLine(message: "serving"))
        #expect(words.explanation(code: 137) == "The replica ended by signal 9 without a word of an error.")
        words.hear(ParsedLine(message: "MemoryError: too much"))
        #expect(words.explanation(code: 137) == "MemoryError: too much (ended by signal 9)")
        words.hear(ParsedLine(message: "ConnectionError: told for information", level: .info))
        #expect(words.explanation(code: 1) == "ConnectionError: told for information (exited with code 1)")
    }
}
