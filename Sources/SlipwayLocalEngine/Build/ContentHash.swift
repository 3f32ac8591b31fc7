// Names things by what they are made of.

import Crypto
import Foundation
import SlipwayThreads

struct ContentHash {
    private var hash = SHA256()

    mutating func add(_ text: String) {
        hash.update(data: Data("\(text.utf8.count):".utf8))
        hash.update(data: Data(text.utf8))
    }

    /// Adds a file's bytes without reading it as a whole; a missing file counts as such.
    mutating func add(file path: String) throws {
        BlockingWork.check()
        guard let handle = FileHandle(forReadingAtPath: path) else {
            let code = errno
            if code == ENOENT { return add("missing \(path)") }
            throw SpawnError("A file of a build", code: code)
        }
        defer { try? handle.close() }
        while let data = try handle.read(upToCount: 1 << 20), !data.isEmpty { hash.update(data: data) }
    }

    /// The SHA-256 of a file, hex.
    static func sha256(ofFile path: String) throws -> String {
        guard let handle = FileHandle(forReadingAtPath: path) else {
            throw SpawnError("A file of a build", code: errno)
        }
        defer { try? handle.close() }
        var hash = SHA256()
        while let data = try handle.read(upToCount: 1 << 20), !data.isEmpty { hash.update(data: data) }
        return hex(hash.finalize())
    }

    private static func hex(_ bytes: some Sequence<UInt8>) -> String {
        bytes.map { byte in
            let text = String(byte, radix: 16)
            return text.count == 1 ? "0" + text : text
        }.joined()
    }

    /// 40 hex digits: enough to never meet another, short enough for paths.
    func name() -> String {
        Self.hex(hash.finalize().prefix(20))
    }
}
