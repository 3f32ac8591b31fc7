// Unpacks an uploaded archive without trusting anything in it. The engine calls it before a build; the control
// plane reads the config of an archive with it.

import Foundation

public enum TrussArchive {
    /// A config over this is no config.
    static let largestConfig = 1 << 20

    /// Unpacks into `directory`, which must not exist; nothing remains of a failed attempt.
    ///
    /// Refused are names that are absolute, climb or hold control characters, hard links, devices, pipes, sparse
    /// files, symbolic links that point out of the directory or to nothing, and anything below a symbolic link.
    public static func unpack(
        archive: String, into directory: String, limits: ArchiveLimits = ArchiveLimits()
    ) throws(ArchiveError) {
        let temporary = directory + ".unpacking"
        try? FileManager.default.removeItem(atPath: temporary)
        do {
            try FileManager.default.createDirectory(atPath: temporary, withIntermediateDirectories: true)
            try unpack(archive, to: temporary, limits)
            try FileManager.default.moveItem(atPath: temporary, toPath: directory)
        } catch {
            try? FileManager.default.removeItem(atPath: temporary)
            throw error as? ArchiveError ?? .cannotWrite(directory, error)
        }
    }

    /// The text of the root `config.yaml`; nil when there is none. Of several it is the last one, which is the one that
    /// `unpack` leaves.
    public static func readConfig(archive: String) throws(ArchiveError) -> String? {
        var reader = try TarReader(path: archive)
        var entries = 0
        var config: String?
        while let entry = try reader.next() {
            entries += 1
            if entries > ArchiveLimits().entries { throw .tooManyEntries(limit: ArchiveLimits().entries) }
            guard entry.kind == .file, pathParts(of: entry.name) == ["config.yaml"] else { continue }
            guard entry.size <= Int64(largestConfig) else {
                throw .unsafeName(entry.name, reason: "it is larger than \(largestConfig) bytes")
            }
            var data = Data()
            while data.count < Int(entry.size) { data += try reader.read(upTo: largestConfig) }
            config = String(decoding: data, as: UTF8.self)
        }
        return config
    }

    /// Something that differs when a file's content does, by name; comparable within one process only.
    public static func fingerprints(archive: String) throws(ArchiveError) -> [String: Int] {
        var reader = try TarReader(path: archive)
        var prints: [String: Int] = [:]
        while let entry = try reader.next() {
            if prints.count > ArchiveLimits().entries {
                throw .tooManyEntries(limit: ArchiveLimits().entries)
            }
            guard entry.kind == .file else { continue }
            var hasher = Hasher()
            var left = entry.size
            while left > 0 {
                let chunk = try reader.read(upTo: 1 << 20)
                // All of it: `Data` hashes its first 80 bytes only.
                chunk.withUnsafeBytes { hasher.combine(bytes: $0) }
                left -= Int64(chunk.count)
            }
            let name = entry.name.hasPrefix("./") ? String(entry.name.dropFirst(2)) : entry.name
            prints[name] = hasher.finalize()
        }
        return prints
    }

    private static func unpack(_ archive: String, to root: String, _ limits: ArchiveLimits)
        throws(ArchiveError)
    {
        var reader = try TarReader(path: archive)
        var entries = 0
        var bytes: Int64 = 0
        var links: [(name: String, components: [String], target: String)] = []
        while let entry = try reader.next() {
            entries += 1
            if entries > limits.entries { throw .tooManyEntries(limit: limits.entries) }
            let components = try components(of: entry.name, limits)
            let path = ([root] + components).joined(separator: "/")
            switch entry.kind {
            case .directory: try makeDirectory(path, entry.name)
            case .file:
                guard entry.size <= limits.bytes - bytes else { throw .tooLarge(limit: limits.bytes) }
                bytes += entry.size
                guard !components.isEmpty else { throw .unsafeName(entry.name, reason: "it has no name") }
                try makeDirectory(parent(of: path), entry.name)
                try write(entry, from: &reader, to: path)
            case .symbolicLink(let target):
                guard !components.isEmpty, !hasControls(target), stays(target, from: components.dropLast())
                else {
                    throw .unsupportedEntry(entry.name, kind: "a link out of the archive")
                }
                links.append((entry.name, components, target))
            case .other(let kind): throw .unsupportedEntry(entry.name, kind: kind)
            }
        }
        try make(links, in: root)
    }

    /// Links last: while files are written, no path can lead through one.
    private static func make(
        _ links: [(name: String, components: [String], target: String)], in root: String
    ) throws(ArchiveError) {
        let names = Set(links.map(\.components))
        for link in links {
            // Two links that each stay inside can be put together so that what is below them does not.
            for length in 1..<max(1, link.components.count)
            where names.contains(Array(link.components.prefix(length))) {
                throw .unsupportedEntry(link.name, kind: "below a symbolic link")
            }
        }
        for link in links {
            let path = ([root] + link.components).joined(separator: "/")
            try makeDirectory(parent(of: path), link.name)
            guard symlink(link.target, path) == 0 else {
                throw .cannotWrite(link.name, code: errno)
            }
        }
        for link in links {
            // A chain of links may leave where no single one does. Where one ends cannot be told as long as it
            // ends nowhere, so such links are refused too.
            guard let real = realpath(([root] + link.components).joined(separator: "/"), nil) else {
                throw .unsupportedEntry(link.name, kind: "a link to nothing")
            }
            defer { free(real) }
            let resolved = String(cString: real)
            let base = realpath(root, nil)
            defer { free(base) }
            guard let base, (resolved + "/").hasPrefix(String(cString: base) + "/") else {
                throw .unsupportedEntry(link.name, kind: "a link out of the archive")
            }
        }
    }

    private static func components(of name: String, _ limits: ArchiveLimits) throws(ArchiveError) -> [String]
    {
        if name.utf8.first == slash { throw .unsafeName(name, reason: "its name is absolute") }
        if name.utf8.count > limits.nameLength { throw .unsafeName(name, reason: "its name is too long") }
        if hasControls(name) { throw .unsafeName(name, reason: "its name holds control characters") }
        let parts = pathParts(of: name)
        if parts.contains("..") { throw .unsafeName(name, reason: "its name leads out of the archive") }
        return parts
    }

    private static func hasControls(_ text: String) -> Bool {
        text.unicodeScalars.contains { $0.value < 0x20 || $0.value == 0x7F }
    }

    /// Whether a link target stays inside, seen from the link's directory.
    private static func stays(_ target: String, from directory: ArraySlice<String>) -> Bool {
        if target.isEmpty || target.utf8.first == slash { return false }
        var depth = directory.count
        for part in pathParts(of: target) {
            depth += part == ".." ? -1 : 1
            if depth < 0 { return false }
        }
        return true
    }

    private static func parent(of path: String) -> String {
        String(path[..<(path.utf8.lastIndex(of: slash) ?? path.startIndex)])
    }

    private static func makeDirectory(_ path: String, _ name: String) throws(ArchiveError) {
        do {
            try FileManager.default.createDirectory(
                atPath: path, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o755])
        } catch {
            throw .cannotWrite(name, error)
        }
    }

    private static func write(
        _ entry: TarEntry, from reader: inout TarReader, to path: String
    ) throws(ArchiveError) {
        let file = open(
            path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, entry.isExecutable ? 0o755 : 0o644)
        guard file >= 0 else { throw .cannotWrite(entry.name, code: errno) }
        defer { close(file) }
        // Whatever the server's umask is: the planner has a user of its own and must be able to read it.
        guard fchmod(file, entry.isExecutable ? 0o755 : 0o644) == 0 else {
            throw .cannotWrite(entry.name, code: errno)
        }
        while true {
            let data = try reader.read(upTo: 1 << 18)
            if data.isEmpty { return }
            var done = 0
            while done < data.count {
                let written = data.withUnsafeBytes {
                    Foundation.write(file, $0.baseAddress! + done, data.count - done)
                }
                guard written > 0 else {
                    throw .cannotWrite(entry.name, code: errno)
                }
                done += written
            }
        }
    }
}
