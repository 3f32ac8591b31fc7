// Puts an unpacked backup in the place of what a data directory holds. All of it or nothing: a mark says that it has
// begun, and no server starts on the directory until it has ended.

import Foundation

struct Restoration {
    let root: String

    /// Where the backup is unpacked; in the same file system, as files are moved from there.
    var staging: String { root + "/restoring" }
    private var mark: String { Self.mark(root) }
    private static func mark(_ root: String) -> String { root + "/restoring.begun" }

    /// Whether a restore ended in the middle: what is in the directory belongs to two states. The mark holds the suffix
    /// of what that one kept, so that the next one adds to it and does not part a database from its log.
    static func isHalfDone(_ root: String) -> Bool { access(mark(root), F_OK) == 0 }

    /// What of a server's state is there already.
    var existing: [String] {
        [BackupFiles.database, BackupFiles.masterKey, BackupFiles.adminKey].filter {
            exists($0)
        }
    }

    /// Removes what was unpacked.
    func clear() throws {
        guard access(staging, F_OK) == 0 else { return }
        try FileManager.default.removeItem(atPath: staging)
    }

    /// Moves everything into place. What was there is kept beside, under a name that ends in `suffix`, or in that of a
    /// restore before that has not ended.
    /// - Returns: the names of what was kept.
    func carryOut(suffix: String) throws -> [String] {
        let suffix = try begin(suffix)
        try moveArchives()
        var kept = try keepDatabase(suffix)
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

    /// Sets the mark, unless it is there.
    /// - Returns: the suffix of what is kept.
    private func begin(_ suffix: String) throws -> String {
        if Self.isHalfDone(root) {
            let earlier = try Data(contentsOf: URL(fileURLWithPath: mark))
            if !earlier.isEmpty { return String(decoding: earlier, as: UTF8.self) }
        }
        let new = mark + ".new"
        unlink(new)
        let file = try BackupFiles.make(new)
        try file.write(contentsOf: Data(suffix.utf8))
        try file.synchronize()
        try file.close()
        try BackupFiles.move(new, to: mark)
        try BackupFiles.syncDirectory(root)
        return suffix
    }

    /// Keeps the old database and its log.
    private func keepDatabase(_ suffix: String) throws -> [String] {
        let other = "\(BackupFiles.database).\(suffix)"
        // The database is the last one to be moved. Where it has been, what is there now is of a restore that has not
        // ended, and must not take the place of the old one.
        let isKept = exists(other)
        // The log of the old database first: with another database it would be taken for that one's.
        for end in ["-wal", "-shm", ""] where !isKept && exists(BackupFiles.database + end) {
            try BackupFiles.move("\(root)/\(BackupFiles.database)\(end)", to: "\(root)/\(other)\(end)")
        }
        return ["-wal", "-shm", ""].map { other + $0 }.filter(exists)
    }

    private func exists(_ name: String) -> Bool { access("\(root)/\(name)", F_OK) == 0 }

    /// Keeps a file that is about to be replaced by another one.
    private func keep(_ name: String, _ suffix: String) throws -> String? {
        let other = "\(name).\(suffix)"
        // As for the database.
        if exists(other) { return other }
        let files = FileManager.default
        guard let old = files.contents(atPath: "\(root)/\(name)"),
            old != files.contents(atPath: "\(staging)/\(name)")
        else { return nil }
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
