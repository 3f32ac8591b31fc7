// A process that writes without end costs bounded memory, time and disk.

import Foundation
import Testing

@testable import SlipwayLocalEngine

@Suite struct OutputFloodTests {
    let output = FileManager.default.temporaryDirectory.appendingPathComponent("flood-\(UUID())").path

    private func append(_ text: String) throws {
        if !FileManager.default.fileExists(atPath: output) {
            try Data().write(to: URL(fileURLWithPath: output))
        }
        let handle = try FileHandle(forWritingTo: URL(fileURLWithPath: output))
        try handle.seekToEnd()
        try handle.write(contentsOf: Data(text.utf8))
        try handle.close()
    }

    private var blocks: Int {
        var info = stat()
        return stat(output, &info) == 0 ? Int(info.st_blocks) * 512 : 0
    }

    @Test("a flood is read at a bounded rate, the rest is passed over and counted, and the newest lines come")
    func flood() throws {
        var tail = OutputTail(path: output)
        var now = ContinuousClock.now
        var (read, dropped, written) = (0, Int64(0), 0)
        var last = ""
        // 12 seconds of about 8 MB a second.
        for second in 0..<12 {
            let piece = (0..<8000).map {
                "second \(second) line \($0) " + String(repeating: "x", count: 980)
            }
            try append(piece.joined(separator: "\n") + "\n")
            written += piece.reduce(0) { $0 + $1.utf8.count + 1 }
            now += .seconds(1)
            let lines = tail.lines(now: now)
            read += lines.reduce(0) { $0 + $1.utf8.count + 1 }
            last = lines.last ?? last
            dropped += tail.takeDropped()
            if tail.canFree { tail.free() }
            #expect(blocks < 30 << 20)
        }
        #expect(read <= OutputBudget.burst + 13 * OutputBudget.perSecond)
        #expect(read > OutputBudget.burst / 2)
        let rest = tail.lines(final: true, now: now)
        dropped += tail.takeDropped()
        read += rest.reduce(0) { $0 + $1.utf8.count + 1 }
        #expect(rest.last?.hasPrefix("second 11 line 7999 ") == true)
        #expect(Int64(read) + dropped == Int64(written))
        unlink(output)
    }

    @Test("many short lines cost more than their bytes")
    func shortLines() throws {
        try append(String(repeating: "y\n", count: 500_000))
        var tail = OutputTail(path: output)
        let lines = tail.lines()
        #expect(lines.count > 10_000 && lines.count < 80_000)
        unlink(output)
    }

    @Test("a file that was begun anew is read from its begin")
    func begunAnew() throws {
        try append("one\ntwo\n")
        var tail = OutputTail(path: output, offset: 1 << 30)
        #expect(tail.lines() == ["one", "two"])
        unlink(output)
    }

    @Test("room is taken on the disk before it is needed, and the file does not grow by it")
    func room() throws {
        try append("one\n")
        var tail = OutputTail(path: output)
        tail.keepRoom()
        #expect(try FileManager.default.attributesOfItem(atPath: output)[.size] as? Int == 4)
        #expect(blocks >= Int(OutputTail.reserve))
        #expect(tail.lines() == ["one"])
        unlink(output)
    }
}
