// Makes a new archive from an old one and some changed files. Everything else is copied as it is.

import Foundation

/// A file of an archive and its new content; nil removes it.
public struct ArchiveChange: Sendable, Equatable {
    /// Relative to the archive's root, checked: no `..`, not absolute.
    public var path: String
    public var content: Data?

    public init(path: String, content: Data?) {
        self.path = path
        self.content = content
    }
}

public enum ArchiveEditor {
    /// - Parameter target: the new archive; must not exist.
    public static func apply(
        _ changes: [ArchiveChange], to archive: String, writing target: String
    ) throws(ArchiveError) {
        do throws(ArchiveError) {
            try rewrite(changes, archive, target)
        } catch {
            try? FileManager.default.removeItem(atPath: target)
            throw error
        }
    }

    private static func rewrite(
        _ changes: [ArchiveChange], _ archive: String, _ target: String
    ) throws(ArchiveError) {
        let latest = Dictionary(changes.map { ($0.path, $0.content) }, uniquingKeysWith: { $1 })
        var reader = try TarReader(path: archive)
        let writer = try TarWriter(path: target)
        var entries = 0
        while let entry = try reader.next() {
            entries += 1
            if entries > ArchiveLimits().entries { throw .tooManyEntries(limit: ArchiveLimits().entries) }
            if latest.keys.contains(pathParts(of: entry.name).joined(separator: "/")) { continue }
            if entry.kind != .file {
                try writer.add(entry)
                continue
            }
            try writer.beginFile(entry)
            while true {
                let data = try reader.read(upTo: 1 << 18)
                if data.isEmpty { break }
                try writer.write(data)
            }
            try writer.endFile(size: entry.size)
        }
        for (path, content) in latest.sorted(by: { $0.key < $1.key }) {
            guard let content else { continue }
            let entry = TarEntry(name: path, kind: .file, size: Int64(content.count), isExecutable: false)
            try writer.beginFile(entry)
            try writer.write(content)
            try writer.endFile(size: entry.size)
        }
        try writer.finish()
    }
}
