// Puts an unpacked backup in the place of what a data directory holds. All of it or nothing: a mark says that it has
// begun, and no server starts on the directory until it has ended.

import Foundation

struct Restoration {
    let root: String

    /// Where the backup is unpacked; in the same file system, as files are moved from there.
    var staging: String { root + "/restoring" }
    private var mark: String { Self.mark(root) }
    private static func mark(_ root: String) -> String { root + "/restoring.begun" }

    /// Whether a restore ended in the middle: what is in the directory belongs to two states.
    static func isHalfDone(_ root: String) -> Bool { access(mark(root), F_OK) == 0 }

    /// What of a server's state is there already.
    var existing: [String] {
        [BackupFiles.database, BackupFiles.masterKey, BackupFiles.adminKey].filter {
            access("\(root)/\($0)", F_OK) == 0
        }
    }

    /// Removes what was unpacked.
    func clear() throws {
        guard access(staging, F_OK) == 0 else { return }
        try FileManager.default.removeItem(atPath: staging)
    }

    /// Moves everything into place. What was there is kept beside, under a name that ends in `suffix`.
    /// - Returns: the names of what was kept.
    func carryOut(suffix: String) throws -> [String] {
        if !Self.isHalfDone(root) { try BackupFiles.make(mark).close() }
        try BackupFiles.syncDirectory(root)
        try moveArchives()
        var kept: [String] = []
        // The log of the old database first: with another database it would be taken for that one's.
        for end in ["-wal", "-shm", ""] {
            let name = BackupFiles.database + end
            if access("\(root)/\(name)", F_OK) == 0 {
                let other = "\(BackupFiles.database).\(suffix)\(end)"
                try BackupFiles.move("\(root)/\(name)", to: "\(root)/\(other)")
                kept.append(other)
            }
        }
        for name in [BackupFiles.masterKey, BackupFiles.adminKey]
        where access("\(staging)/\(name)", F_OK) == 0 {
            if let other = try keep(name, suffix) { kept.append(other) }
            try BackupFiles.move("\(staging)/\(name)", to: "\(root)/\(name)")
        }
        try BackupFiles.move(
            "\(staging)/\(BackupFiles.database)", to: "\(root)/\(BackupFiles.database)")
        try BackupFiles.syncDirectory(root)
        unlink(mark)
        try BackupFiles.syncDirectory(root)
        try clear()
        return kept
    }

    /// Keeps a file that is about to be replaced by another one.
    private func keep(_ name: String, _ suffix: String) throws -> String? {
        let files = FileManager.default
        guard let old = files.contents(atPath: "\(root)/\(name)"),
            old != files.contents(atPath: "\(staging)/\(name)")
        else { return nil }
        let other = "\(name).\(suffix)"
        try BackupFiles.move("\(root)/\(name)", to: "\(root)/\(other)")
        return other
    }

    /// Archives never change under their name, so those that are there may stay.
    private func moveArchives() throws {
        let files = FileManager.default
        let source = "\(staging)/\(BackupFiles.archives)"
        let target = "\(root)/\(BackupFiles.archives)"
        try BackupFiles.makeDirectory(target)
        for key in (try? files.contentsOfDirectory(atPath: source)) ?? [] {
            try BackupFiles.makeDirectory(target + key)
            for name in try files.contentsOfDirectory(atPath: source + key) {
                try BackupFiles.move("\(source)\(key)/\(name)", to: "\(target)\(key)/\(name)")
            }
            try BackupFiles.syncDirectory(target + key)
        }
        for path in [target, "\(root)/blobs"] { try BackupFiles.syncDirectory(path) }
    }
}
