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
        guard let handle = FileHandle(forReadingAtPath: path) else { return add("missing \(path)") }
        defer { try? handle.close() }
        while let data = try handle.read(upToCount: 1 << 20), !data.isEmpty { hash.update(data: data) }
    }

    /// 40 hex digits: enough to never meet another, short enough for paths.
    func name() -> String {
        hash.finalize().prefix(20).map { byte in
            let text = String(byte, radix: 16)
            return text.count == 1 ? "0" + text : text
        }.joined()
    }
}
