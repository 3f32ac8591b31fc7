// Sockets to the planner and the reader of configs.

import Foundation
import Testing

@testable import SlipwayLocalEngine

@Suite struct LineSocketTests {
    private func pair() throws -> (Int32, Int32) {
        var ends: [Int32] = [-1, -1]
        try #require(
            socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0, &ends) == 0)
        return (ends[0], ends[1])
    }

    @Test("lines come whole and in order, until the other side ends")
    func lines() async throws {
        let (ours, theirs) = try pair()
        let lines = LineSocket(ours, longest: 1000)
        #expect(lines.send(Array("question\n".utf8)))
        var asked = [UInt8](repeating: 0, count: 100)
        #expect(read(theirs, &asked, 100) == 9)
        for piece in ["one\ntw", "o\n", "cut"] { #expect(write(theirs, piece, piece.utf8.count) > 0) }
        close(theirs)
        var came: [String] = []
        while let line = await lines.next() { came.append(String(decoding: line, as: UTF8.self)) }
        #expect(came == ["one", "two"])
    }

    @Test("after its end nothing is done to whoever has its file number now")
    func ended() async throws {
        let (ours, theirs) = try pair()
        let lines = LineSocket(ours, longest: 1000)
        close(theirs)
        #expect(await lines.next() == nil)
        // Closed a moment after its lines have ended.
        while lines.send([10]) { try await Task.sleep(for: .milliseconds(1)) }
        try await Task.sleep(for: .milliseconds(100))
        // One of them has the number, as the lowest free one is taken.
        let others = try (0..<16).map { _ in try pair() }
        #expect(!lines.send(Array("secret\n".utf8)))
        lines.end()
        for (one, other) in others {
            var byte: UInt8 = 0
            #expect(send(one, "x", 1, Int32(MSG_NOSIGNAL)) == 1 && read(other, &byte, 1) == 1)
            #expect(byte == UInt8(ascii: "x"))
            #expect(send(other, "y", 1, Int32(MSG_NOSIGNAL)) == 1 && read(one, &byte, 1) == 1)
            #expect(byte == UInt8(ascii: "y"))
            close(one)
            close(other)
        }
    }
}
