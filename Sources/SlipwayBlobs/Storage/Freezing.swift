// A pushed archive is frozen: its uploads have ended, and its digest says later whether it is still the same.
//
//   frozen/{sha256 of key}    empty; the key takes no upload any more
import Crypto
import Foundation

extension BlobDirectory {
    /// Ends all uploads of the key: what is under way is refused at its end, what comes is refused at once. It stays
    /// so after a restart.
    public func endUploads(_ key: String) throws(BlobError) {
        let key = try Self.checked(key)
        let path = frozenPath(key)
        guard try Disk.status(path) == nil else { return }
        try names.withLock { (_) throws(BlobError) in
            let file = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, Disk.fileMode)
            guard file >= 0 else { throw .lastError("freeze object") }
            close(file)
            try Disk.syncDirectory(root + "/frozen")
            try Disk.removeTree(uploadsFolder(key))
        }
    }

    /// Ends all uploads of the key and reads the object.
    /// - Returns: the SHA-256 of its bytes, hex; nil if there is none.
    public func freeze(_ key: String) throws(BlobError) -> String? {
        // First, so that nothing changes while it is read.
        try endUploads(key)
        guard let object = try object(forKey: key) else { return nil }
        return try digests.digest(ofFile: object.path)
    }

    /// Whether the object's bytes have this SHA-256; false if there is none.
    public func isIntact(_ key: String, sha256: String) throws(BlobError) -> Bool {
        guard let object = try object(forKey: key) else { return false }
        return try digests.digest(ofFile: object.path) == sha256
    }

    /// Whether the key takes no upload any more.
    func isFrozen(_ key: BlobKey) throws(BlobError) -> Bool { try Disk.status(frozenPath(key)) != nil }

    /// - Throws: `BlobError.frozen`. Called with `names` held by whatever makes an upload last.
    func requireUploads(_ key: BlobKey) throws(BlobError) {
        if try isFrozen(key) { throw .frozen }
    }

    /// Forgets keys whose objects are gone; their grants have ended by themselves long ago.
    func sweepFrozen(_ now: Date) throws(BlobError) {
        for name in try Disk.entries(root + "/frozen") where try Disk.status(root + "/objects/" + name) == nil
        {
            let path = root + "/frozen/" + name
            guard let status = try Disk.status(path),
                now.timeIntervalSince(status.modified) > Self.abandonedAfter
            else { continue }
            try Disk.removeFile(path)
        }
    }

    private func frozenPath(_ key: BlobKey) -> String { root + "/frozen/" + key.fileName }
}
