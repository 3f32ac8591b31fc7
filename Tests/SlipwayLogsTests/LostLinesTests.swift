// Lines that cannot be kept are counted, and the log says so.

import Foundation
import SlipwayCore
import Testing

@testable import SlipwayLogs

@Suite struct LostLinesTests {
    let root = FileManager.default.temporaryDirectory.appendingPathComponent("lost-\(UUID())").path
    let deployment = DeploymentID("dep0001")
    private var all: LogQuery { LogQuery(start: 0, end: .max, direction: .asc, limit: 1000) }

    private func line(_ number: Int, _ text: String = "") -> LogEntry {
        LogEntry(nanoseconds: Int64(number), message: "line \(number) \(text)")
    }

    @Test("lines that wait for the disk take bounded memory; how many went missing is told once")
    func bound() async throws {
        var limits = LogStore.Limits()
        limits.waitingBytes = 5000
        // Nothing flushes between the lines: they are appended to the journal itself.
        let journal = Journal(directory: root, limits: limits)
        for number in 1...100 { journal.append(line(number, String(repeating: "x", count: 400))) }
        journal.flush()
        journal.append(line(101))
        journal.flush()
        let kept = try journal.read(matching: LogFilter(all)).map(\.message)
        #expect(kept.count < 15)
        let told = kept.filter { $0.contains("could not be written") }
        let lost = 100 - kept.filter { $0.hasPrefix("line") }.count + 1
        #expect(told == ["\(lost) lines before this one could not be written to the log."])
        #expect(kept.last == "line 101 ")
    }

    @Test(
        "half a line of an earlier process does not spoil the first one of this, though the disk took none before"
    )
    func halfLine() async throws {
        try FileManager.default.createDirectory(atPath: root, withIntermediateDirectories: true)
        let journal = Journal(directory: root, limits: LogStore.Limits())
        try FileManager.default.createDirectory(atPath: root + "/1.jsonl", withIntermediateDirectories: true)
        journal.append(line(1))
        journal.flush()
        try FileManager.default.removeItem(atPath: root + "/1.jsonl")
        try Data("{\"t\":1,\"m\":\"hal".utf8).write(to: URL(fileURLWithPath: root + "/1.jsonl"))
        journal.append(line(2))
        journal.flush()
        #expect(try journal.read(matching: LogFilter(all)).map(\.message).contains("line 2 "))
    }

    @Test("lines that a disk did not take are told when it takes lines again, and the next one is whole")
    func disk() async throws {
        let journal = Journal(directory: root, limits: LogStore.Limits())
        journal.append(line(1))
        journal.flush()
        // A directory in the place of the segment: nothing can be written.
        try FileManager.default.moveItem(atPath: root + "/1.jsonl", toPath: root + "/aside")
        try FileManager.default.createDirectory(atPath: root + "/1.jsonl", withIntermediateDirectories: true)
        for number in 2...4 {
            journal.append(line(number))
            journal.flush()
        }
        try FileManager.default.removeItem(atPath: root + "/1.jsonl")
        try FileManager.default.moveItem(atPath: root + "/aside", toPath: root + "/1.jsonl")
        for number in 5...6 {
            journal.append(line(number))
            journal.flush()
        }
        let kept = try journal.read(matching: LogFilter(all)).map(\.message)
        #expect(
            kept == [
                "line 1 ", "line 5 ", "3 lines before this one could not be written to the log.", "line 6 ",
            ])
    }
}
