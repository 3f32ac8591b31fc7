// Reads a tar file header by header: ustar, GNU long names and pax headers. Knows nothing of the file system it
// may be unpacked to.

import Foundation
import SlipwayThreads

/// One entry, with its data still in the file.
package struct TarEntry {
    package enum Kind: Equatable {
        case file, directory
        case symbolicLink(String)
        case other(String)
    }

    package var name: String
    package var kind: Kind
    package var size: Int64
    package var isExecutable: Bool

    package init(name: String, kind: Kind, size: Int64, isExecutable: Bool) {
        self.name = name
        self.kind = kind
        self.size = size
        self.isExecutable = isExecutable
    }
}

package struct TarReader {
    private static let block = 512
    /// Names and pax headers over this are not names.
    private static let longestMetadata: Int64 = 1 << 20
    /// Of them, before one entry: a name, a link's target and a pax header are all that writers make.
    private static let mostMetadata = 8

    private let file: FileHandle
    private var offset: Int64 = 0
    /// Data of the current entry that was not read yet, padding included.
    private var left: Int64 = 0
    private var padding: Int64 = 0

    package init(path: String) throws(ArchiveError) {
        BlockingWork.check()
        do {
            file = try FileHandle(forReadingFrom: URL(fileURLWithPath: path))
        } catch {
            throw .cannotRead(error.localizedDescription)
        }
    }

    /// The next entry; nil at the end of the archive.
    package mutating func next() throws(ArchiveError) -> TarEntry? {
        var longName: String?
        var longLink: String?
        var pax: [String: String] = [:]
        for _ in 0...Self.mostMetadata {
            try skip()
            let at = offset
            guard let header = try header() else { return nil }
            guard let size = Self.number(header[124..<136]), size >= 0, Self.checksumFits(header) else {
                throw .damagedHeader(at: at)
            }
            let type = header[156]
            switch type {
            case UInt8(ascii: "L"): longName = try metadata(size)
            case UInt8(ascii: "K"): longLink = try metadata(size)
            case UInt8(ascii: "x"): pax.merge(Self.records(try metadata(size, keepZero: true))) { $1 }
            case UInt8(ascii: "g"): _ = try metadata(size)
            default:
                let actual =
                    try pax["size"].map { text throws(ArchiveError) in
                        guard let number = Self.decimal(text) else { throw .damagedHeader(at: at) }
                        return number
                    } ?? size
                let hasData = type == 0 || type == UInt8(ascii: "0") || type == UInt8(ascii: "7")
                left = hasData ? actual : 0
                padding = hasData ? Self.padding(actual) : 0
                let name = pax["path"] ?? longName ?? Self.name(header)
                let link = pax["linkpath"] ?? longLink ?? Self.text(header[157..<257])
                let sparse = pax.keys.contains { $0.hasPrefix("GNU.sparse") }
                return TarEntry(
                    name: name,
                    kind: sparse ? .other("a sparse file") : Self.kind(type, name: name, link: link),
                    size: left, isExecutable: (Self.number(header[100..<108]) ?? 0) & 0o100 != 0)
            }
        }
        throw .damagedHeader(at: offset)
    }

    /// The next piece of the current entry's data; empty at its end.
    package mutating func read(upTo count: Int) throws(ArchiveError) -> Data {
        let wanted = Int(min(Int64(count), left))
        if wanted == 0 { return Data() }
        let data = try bytes(wanted)
        left -= Int64(data.count)
        return data
    }

    // MARK: Blocks

    private mutating func bytes(_ count: Int) throws(ArchiveError) -> Data {
        var data = Data()
        do {
            while data.count < count, let more = try file.read(upToCount: count - data.count), !more.isEmpty {
                data += more
            }
        } catch {
            throw .cannotRead(error.localizedDescription)
        }
        guard data.count == count else { throw .truncated }
        offset += Int64(count)
        return data
    }

    private mutating func header() throws(ArchiveError) -> [UInt8]? {
        let first: Data
        do {
            first = try file.read(upToCount: 1) ?? Data()
        } catch {
            throw .cannotRead(error.localizedDescription)
        }
        if first.isEmpty { return nil }
        offset += 1
        let block = Array(first) + Array(try bytes(Self.block - 1))
        return block.allSatisfy { $0 == 0 } ? nil : block
    }

    /// Passes over what is left of the current entry.
    private mutating func skip() throws(ArchiveError) {
        let (distance, isTooLong) = left.addingReportingOverflow(padding)
        let (target, isTooFar) = offset.addingReportingOverflow(distance)
        guard !isTooLong, !isTooFar else { throw .truncated }
        if distance == 0 { return }
        do {
            guard UInt64(target) <= (try file.seekToEnd()) else { throw ArchiveError.truncated }
            try file.seek(toOffset: UInt64(target))
        } catch let error as ArchiveError {
            throw error
        } catch {
            throw .cannotRead(error.localizedDescription)
        }
        offset += distance
        left = 0
        padding = 0
    }

    private mutating func metadata(_ size: Int64, keepZero: Bool = false) throws(ArchiveError) -> String {
        guard size <= Self.longestMetadata else { throw .damagedHeader(at: offset) }
        let data = try bytes(Int(size))
        padding = Self.padding(size)
        left = 0
        return String(decoding: keepZero ? data : data.prefix { $0 != 0 }, as: UTF8.self)
    }

    // MARK: Fields

    private static func padding(_ size: Int64) -> Int64 {
        (Int64(block) - size % Int64(block)) % Int64(block)
    }

    private static func text(_ field: ArraySlice<UInt8>) -> String {
        String(decoding: field.prefix { $0 != 0 }, as: UTF8.self)
    }

    private static func name(_ header: [UInt8]) -> String {
        let name = text(header[0..<100])
        let isUstar = Array(header[257..<262]) == Array("ustar".utf8)
        let prefix = isUstar && header[262] == 0 ? text(header[345..<500]) : ""
        return prefix.isEmpty ? name : prefix + "/" + name
    }

    private static func kind(_ type: UInt8, name: String, link: String) -> TarEntry.Kind {
        switch type {
        case 0, UInt8(ascii: "0"), UInt8(ascii: "7"): name.hasSuffix("/") ? .directory : .file
        case UInt8(ascii: "5"): .directory
        case UInt8(ascii: "2"): .symbolicLink(link)
        case UInt8(ascii: "1"): .other("a hard link")
        case UInt8(ascii: "3"), UInt8(ascii: "4"): .other("a device")
        case UInt8(ascii: "6"): .other("a named pipe")
        default: .other("of an unknown type")
        }
    }

    /// Octal text, or GNU's base-256 for numbers that do not fit.
    private static func number(_ field: ArraySlice<UInt8>) -> Int64? {
        guard let first = field.first else { return nil }
        if first & 0x80 != 0 {
            var value = Int64(first & 0x7F)
            for byte in field.dropFirst() {
                let (shifted, overflow) = value.multipliedReportingOverflow(by: 256)
                if overflow { return nil }
                value = shifted | Int64(byte)
            }
            return value
        }
        let digits = String(decoding: field, as: UTF8.self).trimmingCharacters(in: ["\0", " "])
        guard digits.utf8.allSatisfy({ (48...55).contains($0) }) else { return nil }
        return digits.isEmpty ? 0 : Int64(digits, radix: 8)
    }

    /// Digits alone: `Int64` would take a sign too.
    private static func decimal(_ text: String) -> Int64? {
        text.utf8.allSatisfy { (48...57).contains($0) } ? Int64(text) : nil
    }

    private static func checksumFits(_ header: [UInt8]) -> Bool {
        let blanked = header[..<148] + [UInt8](repeating: 32, count: 8) + header[156...]
        return number(header[148..<156]) == blanked.reduce(0) { $0 + Int64($1) }
    }

    /// pax records: `LENGTH KEY=VALUE\n`.
    private static func records(_ text: String) -> [String: String] {
        var records: [String: String] = [:]
        var rest = Substring(text).utf8
        while let space = rest.firstIndex(of: UInt8(ascii: " ")),
            let length = Int(String(decoding: rest[..<space], as: UTF8.self)), length > 0,
            let end = rest.index(rest.startIndex, offsetBy: length, limitedBy: rest.endIndex), end > space
        {
            let record = rest[rest.index(after: space)..<end]
            if let equals = record.firstIndex(of: UInt8(ascii: "=")) {
                let value = record[record.index(after: equals)...].dropLast()
                records[String(decoding: record[..<equals], as: UTF8.self)] = String(
                    decoding: value, as: UTF8.self)
            }
            rest = rest[end...]
        }
        return records
    }
}
