// Writes a tar file entry by entry: ustar with pax headers for what does not fit. What it writes, `TarReader` reads.

import Foundation

package struct TarWriter {
    private static let block = 512
    private let file: FileHandle

    /// Writes to an open file, from its position on.
    package init(file: FileHandle) { self.file = file }

    /// Makes the file; one that exists is replaced.
    init(path: String) throws(ArchiveError) {
        guard FileManager.default.createFile(atPath: path, contents: nil),
            let file = FileHandle(forWritingAtPath: path)
        else { throw .cannotWrite(path, reason: "it cannot be made") }
        self.file = file
    }

    /// An entry without data: a directory or a symbolic link.
    func add(_ entry: TarEntry) throws(ArchiveError) {
        try header(entry)
    }

    /// A file's header; its data follows with `write`, then `endFile`.
    package func beginFile(_ entry: TarEntry) throws(ArchiveError) { try header(entry) }

    package func write(_ data: Data) throws(ArchiveError) {
        do {
            try file.write(contentsOf: data)
        } catch {
            throw .cannotWrite("the archive", reason: error.localizedDescription)
        }
    }

    package func endFile(size: Int64) throws(ArchiveError) {
        let over = Int(size % Int64(Self.block))
        if over > 0 { try write(Data(count: Self.block - over)) }
    }

    /// The two empty blocks at the end; the file stays open.
    package func writeEnd() throws(ArchiveError) { try write(Data(count: 2 * Self.block)) }

    /// The end, after which nothing can be added.
    func finish() throws(ArchiveError) {
        try writeEnd()
        try? file.close()
    }

    private func header(_ entry: TarEntry) throws(ArchiveError) {
        var name = entry.name
        var link = ""
        var type = UInt8(ascii: "0")
        switch entry.kind {
        case .file: break
        case .directory: type = UInt8(ascii: "5")
        case .symbolicLink(let target): (type, link) = (UInt8(ascii: "2"), target)
        case .other(let kind): throw .unsupportedEntry(entry.name, kind: kind)
        }
        var records: [(String, String)] = []
        if name.utf8.count > 100 { records.append(("path", name)) }
        if link.utf8.count > 100 { records.append(("linkpath", link)) }
        if entry.size >= 1 << 33 { records.append(("size", "\(entry.size)")) }
        if !records.isEmpty {
            let body = Data(records.map(Self.record).joined().utf8)
            try write(Self.block("pax", "", UInt8(ascii: "x"), Int64(body.count), mode: 0o644))
            try write(body)
            try endFile(size: Int64(body.count))
        }
        name = String(decoding: name.utf8.prefix(100), as: UTF8.self)
        link = String(decoding: link.utf8.prefix(100), as: UTF8.self)
        let isRunnable = entry.isExecutable || entry.kind == .directory
        try write(Self.block(name, link, type, entry.size, mode: isRunnable ? 0o755 : 0o644))
    }

    /// `LENGTH KEY=VALUE\n`, the length counting itself.
    private static func record(_ pair: (String, String)) -> String {
        let rest = " \(pair.0)=\(pair.1)\n"
        var length = rest.utf8.count
        while "\(length)".utf8.count + rest.utf8.count != length {
            length = "\(length)".utf8.count + rest.utf8.count
        }
        return "\(length)\(rest)"
    }

    private static func block(
        _ name: String, _ link: String, _ type: UInt8, _ size: Int64, mode: Int
    ) -> Data {
        var block = Data(count: 512)
        func put(_ text: String, at offset: Int) {
            block.replaceSubrange(offset..<offset + text.utf8.count, with: Data(text.utf8))
        }
        func octal(_ value: Int64, _ width: Int) -> String {
            let digits = String(value, radix: 8)
            return String(repeating: "0", count: max(0, width - digits.count)) + digits
        }
        put(name, at: 0)
        put(octal(Int64(mode), 7), at: 100)
        put(octal(0, 7), at: 108)
        put(octal(0, 7), at: 116)
        put(octal(size >= 1 << 33 ? 0 : size, 11), at: 124)
        put(octal(0, 11), at: 136)
        put("        ", at: 148)
        block[156] = type
        put(link, at: 157)
        put("ustar", at: 257)
        put("00", at: 263)
        put(octal(block.reduce(Int64(0)) { $0 + Int64($1) }, 6), at: 148)
        block[154] = 0
        return block
    }
}
