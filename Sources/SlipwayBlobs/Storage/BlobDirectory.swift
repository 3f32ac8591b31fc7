// The finished objects on the local disk. Called by `S3Service`, by builds (`path(forKey:)`) and by the
// direct upload of `slipway push`. Every call blocks on the disk.
//
//   objects/{sha256 of key}/{etag}                       a finished object
//   uploads/{sha256 of key}/{upload id}/{number}.{etag}  its parts while a multipart upload is open
//   incoming/{random}                                    a file being written
//   frozen/{sha256 of key}                               the key was pushed: it takes no upload any more
import Crypto
import Foundation
import Synchronization

/// Objects under one root. One process at a time may own a root; all calls are safe from any thread.
public final class BlobDirectory: Sendable {
    /// Unfinished uploads and left-over temporary files are removed after this many seconds without a write:
    /// a day, far beyond the hour that upload credentials are valid.
    public static let abandonedAfter: TimeInterval = 86_400

    /// A finished object.
    public struct Object: Sendable, Equatable {
        /// Local path. It stays valid until the object is removed or replaced by one with other bytes.
        public let path: String
        /// Hex MD5 of the bytes, or of the parts' MD5s with `-{count}`; without quotes.
        public let etag: String
        /// In bytes.
        public let size: Int64
        public let modified: Date
    }

    /// Largest object in bytes.
    public let maximumObjectBytes: Int64
    let root: String
    /// Held while names change or are looked up, never while bytes are written or synced as a whole.
    let names = Mutex<Void>(())
    let digests = FileDigests()

    /// Opens `root`, an absolute path, and makes it and its folders if need be.
    public init(root: String, maximumObjectBytes: Int64) throws(BlobError) {
        self.root = root
        self.maximumObjectBytes = maximumObjectBytes
        for path in [root, root + "/objects", root + "/uploads", root + "/incoming", root + "/frozen"] {
            try Disk.makeDirectory(path)
        }
    }

    /// The local path of a finished object; nil if there is none or the key is not allowed.
    public func path(forKey key: String) throws(BlobError) -> String? { try object(forKey: key)?.path }

    /// A finished object; nil if there is none or the key is not allowed.
    public func object(forKey key: String) throws(BlobError) -> Object? {
        guard let key = BlobKey(key) else { return nil }
        return try names.withLock { (_) throws(BlobError) in try current(key) }
    }

    /// Stores the bytes under the key, replacing what is there.
    @discardableResult
    public func put(_ key: String, _ bytes: [UInt8]) throws(BlobError) -> Object {
        let key = try Self.checked(key)
        guard Int64(bytes.count) <= maximumObjectBytes else { throw .tooLarge(limit: maximumObjectBytes) }
        let file = try incomingFile()
        try file.write(bytes[...])
        return try commit(file, key: key, etag: Hex.encode(Insecure.MD5.hash(data: bytes)))
    }

    /// Copies a local file into the directory under the key, replacing what is there.
    @discardableResult
    public func importFile(at path: String, key: String) throws(BlobError) -> Object {
        let key = try Self.checked(key)
        let source = try FileReader(path: path)
        let file = try incomingFile()
        var hash = Insecure.MD5()
        var size: Int64 = 0
        while true {
            let piece = try source.next()
            if piece.isEmpty { break }
            size += Int64(piece.count)
            guard size <= maximumObjectBytes else { throw .tooLarge(limit: maximumObjectBytes) }
            hash.update(data: piece)
            try file.write(piece)
        }
        return try commit(file, key: key, etag: Hex.encode(hash.finalize()))
    }

    /// Removes the object and every unfinished upload of the key. A key without an object is fine.
    public func remove(_ key: String) throws(BlobError) {
        let key = try Self.checked(key)
        try names.withLock { (_) throws(BlobError) in
            try Disk.removeTree(objectFolder(key))
            try Disk.removeTree(uploadsFolder(key))
            try Disk.syncDirectory(root + "/objects")
        }
    }

    /// Removes uploads and temporary files that have not been written to for `abandonedAfter`, and objects of that
    /// age under keys that are not used; call it now and then. Returns how many were removed.
    ///
    /// Whoever begins to use an old object must set its file's time of change before; where the object is gone then,
    /// it was removed.
    /// - Parameter keys: those in use; asked again before each removal.
    @discardableResult
    public func sweep(now: Date, keeping keys: () throws -> Set<String>) throws -> Int {
        var removed = try sweep(now: now)
        let kept = Set(try keys().compactMap { BlobKey($0)?.fileName })
        for name in try Disk.entries(root + "/objects") where !kept.contains(name) {
            guard try isAbandoned(root + "/objects/" + name, now),
                try !keys().contains(where: { BlobKey($0)?.fileName == name }),
                let taken = try take(name, now)
            else { continue }
            try Disk.removeTree(taken)
            removed += 1
        }
        return removed
    }

    /// Whether no file of an object has been changed for `abandonedAfter`.
    private func isAbandoned(_ folder: String, _ now: Date) throws(BlobError) -> Bool {
        for file in try Disk.entries(folder) {
            guard let status = try Disk.status(folder + "/" + file),
                now.timeIntervalSince(status.modified) > Self.abandonedAfter
            else { return false }
        }
        return true
    }

    /// Moves an abandoned object to where nobody finds it; nil when it is not abandoned any more.
    private func take(_ name: String, _ now: Date) throws(BlobError) -> String? {
        let folder = root + "/objects/" + name
        let aside = root + "/incoming/swept-" + name
        try Disk.removeTree(aside)
        return try names.withLock { (_) throws(BlobError) -> String? in
            guard try isAbandoned(folder, now) else { return nil }
            try Disk.move(folder, to: aside)
            // Who set its time just before has it back; who comes now finds none.
            guard try isAbandoned(aside, now) else {
                try Disk.move(aside, to: folder)
                return nil
            }
            return aside
        }
    }

    /// Removes uploads and temporary files that have not been written to for `abandonedAfter`. Returns how many
    /// were removed.
    @discardableResult
    func sweep(now: Date) throws(BlobError) -> Int {
        var removed = 0
        func isAbandoned(_ path: String) throws(BlobError) -> Bool {
            guard let status = try Disk.status(path) else { return false }
            return now.timeIntervalSince(status.modified) > Self.abandonedAfter
        }
        let incoming = root + "/incoming"
        for name in try Disk.entries(incoming) where try isAbandoned(incoming + "/" + name) {
            try Disk.removeTree(incoming + "/" + name)
            removed += 1
        }
        for key in try Disk.entries(root + "/uploads") {
            let folder = root + "/uploads/" + key
            try names.withLock { (_) throws(BlobError) in
                for upload in try Disk.entries(folder) where try isAbandoned(folder + "/" + upload) {
                    try Disk.removeTree(folder + "/" + upload)
                    removed += 1
                }
                // Fails, as it should, while uploads are left.
                rmdir(folder)
            }
        }
        try sweepFrozen(now)
        return removed
    }

    // MARK: For receivers and uploads in this module

    /// A new file on the same file system as every object.
    func incomingFile() throws(BlobError) -> IncomingFile {
        var generator = SystemRandomNumberGenerator()
        return try IncomingFile(
            creating: root + "/incoming/" + CredentialIssuer.randomHex(using: &generator))
    }

    /// Makes a written file the object of the key.
    func commit(_ file: IncomingFile, key: BlobKey, etag: String) throws(BlobError) -> Object {
        try file.sync()
        return try names.withLock { (_) throws(BlobError) in
            try requireUploads(key)
            let folder = objectFolder(key)
            try Disk.makeDirectory(folder)
            try file.move(to: folder + "/" + etag)
            for other in try Disk.entries(folder) where other != etag {
                try Disk.removeFile(folder + "/" + other)
            }
            guard let object = try current(key) else {
                throw BlobError.io(operation: "find stored object", reason: "it is gone")
            }
            return object
        }
    }

    /// The newest file in the key's folder. There are two only if a crash came between moving the new one
    /// in and removing the old one.
    func current(_ key: BlobKey) throws(BlobError) -> Object? {
        let folder = objectFolder(key)
        var newest: Object?
        for etag in try Disk.entries(folder) {
            let path = folder + "/" + etag
            guard let status = try Disk.status(path) else { continue }
            if let newest, newest.modified >= status.modified { continue }
            newest = Object(path: path, etag: etag, size: status.size, modified: status.modified)
        }
        return newest
    }

    func objectFolder(_ key: BlobKey) -> String { root + "/objects/" + key.fileName }
    func uploadsFolder(_ key: BlobKey) -> String { root + "/uploads/" + key.fileName }

    static func checked(_ key: String) throws(BlobError) -> BlobKey {
        guard let key = BlobKey(key) else { throw .badKey(key) }
        return key
    }
}
