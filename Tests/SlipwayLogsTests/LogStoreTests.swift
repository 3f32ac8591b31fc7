// The log on real files: order, bounds, filters, restarts.

import Foundation
import SlipwayCore
import Synchronization
import Testing

@testable import SlipwayLogs

@Suite struct LogStoreTests {
    let root = FileManager.default.temporaryDirectory.appendingPathComponent("logs-\(UUID())").path
    let deployment = DeploymentID("dep0001")

    func all(_ change: (inout LogQuery) -> Void = { _ in }) -> LogQuery {
        var query = LogQuery(start: 0, end: .max, direction: .asc, limit: 1000)
        change(&query)
        return query
    }

    func filled() throws -> LogStore {
        let store = try LogStore(root: root)
        let lines: [(String, LogLevel?, String?, String?)] = [
            ("loading weights", .info, "r1", nil), ("slow disk", .warning, "r1", nil),
            ("predict called", nil, "r2", "req-1"), ("ValueError: boom\n  at line 3", .error, "r2", "req-1"),
        ]
        for (index, line) in lines.enumerated() {
            store.append(
                LogEntry(
                    nanoseconds: Int64(index + 1) * 1000, message: line.0,
                    replica: line.2.map { ReplicaID($0) }, requestID: line.3, level: line.1),
                to: deployment)
        }
        return store
    }

    @Test("lines of a process follow those of the one before, even when its clock is behind")
    func alignment() async throws {
        let root = FileManager.default.temporaryDirectory.appendingPathComponent("align-\(UUID())").path
        defer { try? FileManager.default.removeItem(atPath: root) }
        let id = DeploymentID("abc")
        let first = try LogStore(root: root)
        first.append(LogEntry(nanoseconds: 1_000, message: "old"), to: id)
        await first.close()
        let second = try LogStore(root: root)
        for message in ["a", "b"] { second.append(LogEntry(nanoseconds: 10, message: message), to: id) }
        let found = try await second.query(
            LogQuery(start: 0, end: .max, direction: .asc, limit: 10), of: id)
        #expect(found.map(\.message) == ["old", "a", "b"])
        #expect(found.map(\.nanoseconds) == [1_000, 1_001, 1_002])
        await second.close()
    }

    @Test("a log whose disk hangs holds up no line and no query of another")
    func hangingLog() async throws {
        defer { try? FileManager.default.removeItem(atPath: root) }
        // Whoever opens a pipe waits for the other end.
        let stuck = DeploymentID("stuck")
        try FileManager.default.createDirectory(atPath: "\(root)/stuck", withIntermediateDirectories: true)
        let pipe = "\(root)/stuck/1.jsonl"
        try #require(mkfifo(pipe, 0o600) == 0)
        let done = DispatchSemaphore(value: 0)
        let isInTime = Atomic(false)
        Thread.detachNewThread {
            isInTime.store(done.wait(timeout: .now() + 20) == .success, ordering: .relaxed)
            // Both ends at once: what waits goes on, and there is nothing to read.
            let end = open(pipe, O_RDWR | O_NONBLOCK)
            unlink(pipe)
            close(end)
        }
        let store = try LogStore(root: root)
        store.append(LogEntry(nanoseconds: 1, message: "never written"), to: stuck)
        let hanging = Task { try await store.query(all(), of: stuck) }
        try await Task.sleep(for: LogStore.flushInterval * 2)

        for number in 1...3 {
            store.append(LogEntry(nanoseconds: Int64(number), message: "line \(number)"), to: deployment)
            store.append(LogEntry(nanoseconds: Int64(number), message: "waits"), to: stuck)
            #expect(try await store.query(all(), of: deployment).count == number)
        }
        done.signal()
        _ = try? await hanging.value
        await store.close()
        let wasInTime = isInTime.load(ordering: .relaxed)
        #expect(wasInTime, "the other log waited for the one that hangs")
    }

    @Test(
        "no pattern takes long, also those that let others try every way to match",
        arguments: ["(a+)+$", "(.*a){20}$", "(a|aa)+$", "(a?){100}a{100}$", "(.*)*$x"])
    func endlessPattern(pattern: String) async throws {
        let store = try filled()
        store.append(
            LogEntry(nanoseconds: 9000, message: String(repeating: "a", count: 60_000) + "!"), to: deployment)
        #expect(try await store.query(all { $0.searchPattern = pattern }, of: deployment).isEmpty)
        #expect(try await store.query(all { $0.searchPattern = "a{60}!" }, of: deployment).count == 1)
    }

    @Test("a log is read while it is written, and every line that was there is found")
    func readWhileWritten() async throws {
        var limits = LogStore.Limits()
        limits.segmentBytes = 10_000
        limits.segments = 1000
        let store = try LogStore(root: root, limits: limits)
        for round in 0..<50 {
            for line in 0..<100 {
                store.append(
                    LogEntry(
                        nanoseconds: Int64(round * 100 + line + 1), message: "line \(round * 100 + line)"),
                    to: deployment)
            }
            async let flush: Void = Task.detached { store.flush() }.value
            let found = try await store.query(
                all {
                    $0.searchPattern = "^line [0-9]+$"
                    $0.direction = .desc
                }, of: deployment)
            await flush
            #expect(found.count == min(1000, (round + 1) * 100))
        }
    }

    @Test("segments that were last written before the retention are deleted, newer ones are kept")
    func retention() async throws {
        let store = try filled()
        store.flush()
        let other = DeploymentID("dep0002")
        store.append(LogEntry(nanoseconds: 1, message: "new"), to: other)
        store.flush()
        try FileManager.default.setAttributes(
            [.modificationDate: Date(timeIntervalSinceNow: -7200)],
            ofItemAtPath: "\(root)/\(deployment)/1.jsonl")
        LogStore.prune(root, writtenBefore: Date(timeIntervalSinceNow: -3600))
        let old = try await store.query(all(), of: deployment)
        #expect(old.isEmpty)
        let kept = try await store.query(all(), of: other)
        #expect(kept.count == 1)
        store.append(LogEntry(nanoseconds: 9000, message: "again"), to: deployment)
        let again = try await store.query(all(), of: deployment)
        #expect(again.map(\.message) == ["again"])
        await store.close()
    }

    @Test("what was appended before a query is in its answer, in both directions")
    func order() async throws {
        let store = try filled()
        let rising = try await store.query(all(), of: deployment)
        #expect(rising.map(\.message.first) == ["l", "s", "p", "V"])
        let falling = try await store.query(all { $0.direction = .desc }, of: deployment)
        #expect(falling == rising.reversed())
        let newest = try await store.query(
            all {
                $0.direction = .desc
                $0.limit = 1
            }, of: deployment)
        #expect(newest.first?.message.hasPrefix("ValueError") == true)
        #expect(newest.count == 1)
    }

    @Test(
        "pages from cursor to cursor have each line of a burst once",
        arguments: [LogQuery.Direction.asc, .desc])
    func pages(direction: LogQuery.Direction) async throws {
        let store = try LogStore(root: root)
        for number in 0..<2500 {
            store.append(LogEntry(nanoseconds: 5, message: "\(number)"), to: deployment)
        }
        var query = all { $0.direction = direction }
        var seen: [String] = []
        for size in [1000, 1000, 500, 0] {
            let window = query.window(of: deployment)
            let page = try await store.query(
                all {
                    $0.direction = direction
                    ($0.start, $0.end) = (window.lowerBound, window.upperBound)
                }, of: deployment)
            #expect(page.count == size)
            seen += page.map(\.message)
            if let last = page.last {
                // What a client sends back is the text.
                query.after = LogPosition(LogPosition(last.nanoseconds, deployment).text)
                #expect(query.after != nil)
            }
        }
        let sent = (0..<2500).map(String.init)
        #expect(seen == (direction == .asc ? sent : sent.reversed()))
    }

    @Test(
        "what is no cursor is none",
        arguments: [
            "", "5", ".", "5.", ".a", "-1.a", "9223372036854775807.a", "99999999999999999999.a", "1.a.b",
        ])
    func badCursors(text: String) { #expect(LogPosition(text) == nil) }

    @Test("every filter narrows the answer")
    func filters() async throws {
        let store = try filled()
        func count(_ change: (inout LogQuery) -> Void) async throws -> Int {
            try await store.query(all(change), of: deployment).count
        }
        #expect(try await count { $0.minLevel = .warning } == 2)
        // A line without a level is none of any level.
        #expect(try await count { $0.minLevel = .info } == 3)
        #expect(try await count { $0.replica = ReplicaID("r2") } == 2)
        #expect(try await count { $0.requestID = "req-1" } == 2)
        #expect(try await count { $0.searchPattern = "^(slow|predict)" } == 2)
        #expect(try await count { $0.includes = ["boom", "Value"] } == 1)
        #expect(try await count { $0.excludes = ["boom", "disk"] } == 2)
        #expect(try await count { $0.start = 2000 } == 3)
        #expect(try await count { $0.end = 2000 } == 1)
        #expect(try await store.query(all(), of: DeploymentID("other01")).isEmpty)
    }

    @Test(
        "a bad search pattern is refused with its reason",
        arguments: [
            "(", #"(a)\1"#, "(?=a)", "(?<!a)b", "(?>a)", "a{2000}", "((a{100}){100}){100}", "[[:nope:]]",
            #"\pX"#,
            String(repeating: "a", count: 257),
        ])
    func patterns(pattern: String) async throws {
        let store = try filled()
        await #expect(throws: LogQueryError.self) {
            try await store.query(all { $0.searchPattern = pattern }, of: deployment)
        }
    }

    @Test("times of a deployment strictly rise, whatever the clock says")
    func times() async throws {
        let store = try filled()
        for _ in 0..<3 { store.append(LogEntry(nanoseconds: 5, message: "late"), to: deployment) }
        let times = try await store.query(all(), of: deployment).map(\.nanoseconds)
        #expect(times == times.sorted())
        #expect(Set(times).count == times.count)
    }

    @Test("lines survive a restart, and a torn last line is passed over")
    func restart() async throws {
        let store = try filled()
        await store.close()
        let file = try FileHandle(forWritingTo: URL(fileURLWithPath: root + "/dep0001/1.jsonl"))
        try file.seekToEnd()
        try file.write(contentsOf: Data(#"{"t":9999,"m":"to"#.utf8))
        try file.close()
        let again = try LogStore(root: root)
        #expect(try await again.query(all(), of: deployment).count == 4)
    }

    @Test("the log stays within its bounds and keeps the newest lines")
    func bounds() async throws {
        var limits = LogStore.Limits()
        limits.segmentBytes = 2000
        limits.segments = 3
        limits.messageBytes = 100
        let store = try LogStore(root: root, limits: limits)
        for number in 0..<500 {
            store.append(
                LogEntry(
                    nanoseconds: Int64(number),
                    message: "line \(number) " + String(repeating: "x", count: 200)),
                to: deployment)
            if number.isMultiple(of: 7) { store.flush() }
        }
        let kept = try await store.query(all(), of: deployment)
        #expect(kept.last?.message.hasPrefix("line 499") == true)
        #expect(kept.allSatisfy { $0.message.hasSuffix("[cut]") })
        let files = try FileManager.default.contentsOfDirectory(atPath: root + "/dep0001")
        #expect(files.count <= 3)
        #expect(kept.count < 60)
    }

    @Test("a removed log is gone and an id cannot leave the directory")
    func removal() async throws {
        let store = try filled()
        store.append(LogEntry(nanoseconds: 1, message: "x"), to: DeploymentID("../../escape"))
        store.flush()
        #expect(FileManager.default.fileExists(atPath: root + "/escape/1.jsonl"))
        await store.remove(deployment: deployment)
        #expect(try await store.query(all(), of: deployment).isEmpty)
    }

    @Test("JSON lines of a Truss server give level, request and traceback; other lines stay as they are")
    func parsing() {
        let line = LogLineParser.parse(
            #"{"levelname":"ERROR","message":"failed","exc_info":"Traceback\nValueError: boom","request_id":"r"}"#
        )
        #expect(
            line == ParsedLine(message: "failed\nTraceback\nValueError: boom", level: .error, requestID: "r"))
        for plain in ["hello", "{not json", #"{"other":1}"#, ""] {
            #expect(LogLineParser.parse(plain) == ParsedLine(message: plain))
        }
        #expect(LogLineParser.parse(#"{"message":"m","levelname":"WARN"}"#).level == .warning)
    }
}
