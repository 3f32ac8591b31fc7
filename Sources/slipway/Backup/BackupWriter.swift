// Makes the backup of a data directory, beside a running server or without one: the database as of one moment, the
// archives it names, and the keys its secrets are sealed with.

import Crypto
import Foundation
import SlipwayBlobs
import SlipwayStore
import SlipwayTruss

struct BackupWriter {
    let root: String
    let destination: String

    /// The database is copied again when a deployment was deleted, with its archive, before that was held.
    private static let attempts = 3

    /// Blocks until the file is on the disk under its name.
    /// - Throws: `BackupError` or what a part says, in words; there is no file then, or the one from before.
    func write() throws -> (manifest: BackupManifest, bytes: Int64) {
        guard FileManager.default.fileExists(atPath: "\(root)/\(BackupFiles.database)") else {
            throw BackupError(description: "There is no data of a server in \(root).")
        }
        let (new, copy) = (destination + ".new", destination + ".new.sqlite")
        let holding = try ArchiveHold(root: root)
        defer {
            for path in [new, copy] { unlink(path) }
            holding.release()
        }
        let (database, archives, missing) = try snapshot(to: copy, holding)
        unlink(new)
        let file = try BackupFiles.make(new)
        let tar = TarWriter(file: file)
        var entries = [try add(database.path, as: BackupFiles.database, to: tar)]
        for name in [BackupFiles.masterKey, BackupFiles.adminKey]
        where FileManager.default.fileExists(atPath: "\(root)/\(name)") {
            entries.append(try add("\(root)/\(name)", as: name, to: tar))
        }
        for archive in archives { entries.append(try add(archive.path, as: archive.name, to: tar)) }
        let manifest = BackupManifest(
            serverVersion: Version.text, createdAt: Date().formatted(.iso8601), models: database.models,
            deployments: database.deployments, entries: entries, missingArchives: missing)
        let text = try manifest.encoded()
        try tar.beginFile(
            TarEntry(
                name: BackupManifest.name, kind: .file, size: Int64(text.count), isExecutable: false))
        try tar.write(text)
        try tar.endFile(size: Int64(text.count))
        try tar.writeEnd()
        try file.synchronize()
        let bytes = Int64(try file.offset())
        try BackupFiles.move(new, to: destination)
        try BackupFiles.syncDirectory(URL(fileURLWithPath: destination).deletingLastPathComponent().path)
        return (manifest, bytes)
    }

    /// A copy of the database, and all archives it names held: what a running server deletes from now on stays.
    private func snapshot(
        to path: String, _ holding: ArchiveHold
    ) throws -> (DatabaseCopy, [ArchiveHold.Held], missing: [String]) {
        for attempt in 1... {
            unlink(path)
            // Before there is anything in it: the database holds what is sealed and what is not.
            try BackupFiles.make(path).close()
            let copy = try DatabaseCopy(of: "\(root)/\(BackupFiles.database)", to: path)
            let (held, missing) = try holding.hold(copy.archiveKeys)
            if missing.isEmpty || attempt >= Self.attempts { return (copy, held, missing) }
        }
        throw BackupError(description: "The database cannot be copied.")
    }

    private func add(_ path: String, as name: String, to tar: TarWriter) throws -> BackupManifest.Entry {
        guard let file = FileHandle(forReadingAtPath: path) else {
            throw BackupError(description: "\(path) cannot be read: \(BackupFiles.reason()).")
        }
        defer { try? file.close() }
        let size = Int64(try file.seekToEnd())
        try file.seek(toOffset: 0)
        try tar.beginFile(TarEntry(name: name, kind: .file, size: size, isExecutable: false))
        var hash = SHA256()
        var left = size
        while left > 0 {
            guard let data = try file.read(upToCount: Int(min(left, Int64(BackupFiles.piece)))), !data.isEmpty
            else { throw BackupError(description: "\(path) became shorter while it was copied.") }
            hash.update(data: data)
            try tar.write(data)
            left -= Int64(data.count)
        }
        try tar.endFile(size: size)
        return BackupManifest.Entry(path: name, size: size, sha256: BackupFiles.hex(hash.finalize()))
    }
}
