// The lines of a file are the same from both ends, wherever its pieces are cut.

import Foundation
import Testing

@testable import SlipwayLogs

@Suite struct FileLinesTests {
    let path = FileManager.default.temporaryDirectory.appendingPathComponent("lines-\(UUID())").path

    private func lines(_ order: FileLines.Order, pieces: Int = 64 << 10, most: Int = .max) -> [String] {
        var found: [String] = []
        let reader = FileLines(pieceBytes: pieces)
        let goesOn = reader.read(path, order) { line in
            found.append(String(decoding: line, as: UTF8.self))
            return found.count < most
        }
        #expect(goesOn == (found.count < most))
        return found
    }

    @Test(
        "what is read forwards is what is read backwards, in pieces of any size",
        arguments: [
            "", "\n", "a", "a\n", "one\ntwo\n", "one\n\nthree", "\n\na long line, longer than a piece\nb\n",
        ])
    func bothWays(text: String) throws {
        defer { try? FileManager.default.removeItem(atPath: path) }
        try text.write(toFile: path, atomically: false, encoding: .utf8)
        let expected = text.split(separator: "\n").map(String.init)
        for pieces in [1, 2, 3, 5, 64, 1 << 16] {
            #expect(lines(.firstToLast, pieces: pieces) == expected)
            #expect(lines(.lastToFirst, pieces: pieces) == expected.reversed())
        }
    }

    @Test(
        "what is skipped is found without reading all of it, and no other line is",
        arguments: [0, 1, 500, 999, 1000])
    func skips(first: Int) throws {
        defer { try? FileManager.default.removeItem(atPath: path) }
        let all = (0..<1000).map { "line \(1000 + $0)" }
        try all.map { "\($0)\n" }.joined().write(toFile: path, atomically: false, encoding: .utf8)
        for pieces in [1, 7, 100, 1 << 16] {
            var (looked, found): (Int, [String]) = (0, [])
            _ = FileLines(pieceBytes: pieces).read(
                path, .firstToLast,
                skipping: { line in
                    looked += 1
                    return String(decoding: line, as: UTF8.self) < "line \(1000 + first)"
                }
            ) { line in
                found.append(String(decoding: line, as: UTF8.self))
                return true
            }
            #expect(found.suffix(1000 - first) == all.dropFirst(first))
            #expect(looked < 20)
            if pieces < 1000 { #expect(found.count <= 1000 - first + 2 * pieces / 10 + 2) }
        }
    }

    @Test("nothing more is read than is asked for, and a file that is not there has no lines")
    func stops() throws {
        defer { try? FileManager.default.removeItem(atPath: path) }
        #expect(lines(.firstToLast).isEmpty && lines(.lastToFirst).isEmpty)
        try (1...1000).map { "line \($0)\n" }.joined().write(toFile: path, atomically: false, encoding: .utf8)
        #expect(lines(.firstToLast, most: 2) == ["line 1", "line 2"])
        #expect(lines(.lastToFirst, pieces: 100, most: 2) == ["line 1000", "line 999"])
    }
}
