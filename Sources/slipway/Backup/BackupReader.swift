// Unpacks a backup aside and checks all of it before anything is put in its place.

import Crypto
import Foundation
import SlipwayStore
import SlipwayTruss

struct BackupReader {
    let file: String

    /// Unpacks into a directory that is made here. Blocks.
    /// - Returns: what the backup says of itself; everything is as it says.
    /// - Throws: `BackupError`.
    func unpack(into directory: String) throws -> BackupManifest {
        try BackupFiles.makeDirectory(directory)
        var found: [BackupManifest.Entry] = []
        var manifest: BackupManifest?
        do {
            var tar = try TarReader(path: file)
            while let entry = try tar.next() {
                guard manifest == nil, entry.kind == .file else { throw unknown(entry.name) }
                if entry.name == BackupManifest.name {
                    manifest = try read(entry, from: &tar)
                } else {
                    found.append(try unpack(entry, from: &tar, into: directory))
                }
            }
        } catch let error as ArchiveError {
            throw BackupError(description: "\(file) is no whole backup: \(error)")
        }
        guard let manifest else {
            throw BackupError(description: "\(file) is no whole backup: it has no manifest.")
        }
        guard manifest.entries == found else {
            let wrong = zip(manifest.entries, found).first { $0 != $1 }?.0.path ?? "an entry"
            throw BackupError(description: "\(file) is damaged: \(wrong) is not what was backed up.")
        }
        try check(directory)
        return manifest
    }

    private func unknown(_ name: String) -> BackupError {
        BackupError(description: "\(file) is no backup of Slipway: it holds \"\(name.prefix(200))\".")
    }

    private func read(_ entry: TarEntry, from tar: inout TarReader) throws -> BackupManifest {
        guard entry.size <= BackupManifest.largest else { throw unknown(entry.name) }
        var data = Data()
        while true {
            let piece = try tar.read(upTo: BackupFiles.piece)
            if piece.isEmpty { break }
            data += piece
        }
        struct Format: Decodable { var format: Int }
        let format = try? JSONDecoder().decode(Format.self, from: data).format
        if let format, format > BackupManifest.currentFormat {
            throw BackupError(description: "\(file) was made by a newer version of Slipway.")
        }
        guard let manifest = try? JSONDecoder().decode(BackupManifest.self, from: data) else {
            throw BackupError(description: "\(file) is damaged: its manifest cannot be read.")
        }
        return manifest
    }

    private func unpack(
        _ entry: TarEntry, from tar: inout TarReader, into directory: String
    ) throws -> BackupManifest.Entry {
        guard BackupFiles.isKnown(entry.name) else { throw unknown(entry.name) }
        let path = directory + "/" + entry.name
        try BackupFiles.makeDirectory(URL(fileURLWithPath: path).deletingLastPathComponent().path)
        let target = try BackupFiles.make(path)
        var hash = SHA256()
        while true {
            let piece = try tar.read(upTo: BackupFiles.piece)
            if piece.isEmpty { break }
            hash.update(data: piece)
            try target.write(contentsOf: piece)
        }
        try target.synchronize()
        try target.close()
        return BackupManifest.Entry(
            path: entry.name, size: entry.size, sha256: BackupFiles.hex(hash.finalize()))
    }

    /// The hashes tell that the file is as it was written; this, that what was written can be used.
    private func check(_ directory: String) throws {
        let key = FileManager.default.contents(atPath: "\(directory)/\(BackupFiles.masterKey)")
        guard key?.count == 32 else {
            throw BackupError(description: "\(file) holds no master key; its secrets could not be read.")
        }
        do {
            _ = try DatabaseCopy(at: "\(directory)/\(BackupFiles.database)")
        } catch {
            throw BackupError(description: "\(file) holds no database that can be used: \(error)")
        }
    }
}
