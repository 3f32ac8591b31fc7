// Makes tar archives byte by byte, also such as no tool would make.

import Foundation

struct TarBuilder {
    private(set) var bytes: [UInt8] = []

    struct Header {
        var name: String
        var type: Character = "0"
        var link = ""
        var mode = "0000644"
        /// Declared size; the content's by default.
        var size: Int?
        /// Instead of any number.
        var rawSize: String?
        var breaksChecksum = false
    }

    mutating func add(_ header: Header, _ content: String = "") {
        var block = [UInt8](repeating: 0, count: 512)
        func put(_ text: String, at offset: Int, _ length: Int) {
            for (index, byte) in text.utf8.prefix(length).enumerated() { block[offset + index] = byte }
        }
        let data = Array(content.utf8)
        put(header.name, at: 0, 100)
        put(header.mode, at: 100, 8)
        let size = String(header.size ?? data.count, radix: 8)
        put(header.rawSize ?? String(repeating: "0", count: 11 - size.count) + size, at: 124, 12)
        block[156] = UInt8(String(header.type).utf8.first!)
        put(header.link, at: 157, 100)
        put("ustar", at: 257, 6)
        for index in 148..<156 { block[index] = 32 }
        let sum = block.reduce(0) { $0 + Int($1) } + (header.breaksChecksum ? 1 : 0)
        let digits = String(sum, radix: 8)
        put(String(repeating: "0", count: 6 - digits.count) + digits + "\0 ", at: 148, 8)
        bytes += block + data + [UInt8](repeating: 0, count: (512 - data.count % 512) % 512)
    }

    mutating func add(_ name: String, _ content: String = "x") { add(Header(name: name), content) }

    /// A pax header for the entry that follows.
    mutating func pax(_ key: String, _ value: String) {
        let rest = " \(key)=\(value)\n"
        var length = rest.utf8.count
        while String(length).utf8.count + rest.utf8.count != length { length += 1 }
        add(Header(name: "pax", type: "x"), "\(length)\(rest)")
    }

    /// Writes the archive, with its end, to a new file.
    func write(truncatedBy cut: Int = 0) throws -> String {
        let path = FileManager.default.temporaryDirectory.appendingPathComponent("tar-\(UUID()).tar").path
        let whole = bytes + [UInt8](repeating: 0, count: 1024)
        try Data(whole.dropLast(cut)).write(to: URL(fileURLWithPath: path))
        return path
    }
}
