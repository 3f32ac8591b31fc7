// Multipart uploads on the disk: parts in a folder per upload, joined into the object at the end.
import Crypto
import Foundation

/// One line of the client's part list.
struct PartReference: Equatable, Sendable {
    let number: Int
    /// Hex MD5 without quotes.
    let etag: String
    let checksum: ExpectedChecksum?
}

extension BlobDirectory {
    /// Unfinished uploads one key may have: room for a client's retries, a bound for everyone's disk.
    static let maximumUploadsPerKey = 8

    /// Opens an upload and returns its id.
    func createUpload(_ key: BlobKey) throws(BlobError) -> String {
        var generator = SystemRandomNumberGenerator()
        let id = CredentialIssuer.randomHex(using: &generator)
        try names.withLock { (_) throws(BlobError) in
            try requireUploads(key)
            let folder = uploadsFolder(key)
            guard try Disk.entries(folder).count < Self.maximumUploadsPerKey else {
                throw BlobError.tooManyUploads(limit: Self.maximumUploadsPerKey)
            }
            try Disk.makeDirectory(folder)
            try Disk.makeDirectory(folder + "/" + id)
        }
        return id
    }

    /// Whether an upload is open, and how many bytes its parts have, leaving out part `number`.
    func uploadedBytes(_ key: BlobKey, uploadID: String, except number: Int) throws(BlobError) -> Int64 {
        try names.withLock { (_) throws(BlobError) in
            let folder = try uploadFolder(key, uploadID)
            return try storedBytes(folder, except: number)
        }
    }

    /// Makes a written file part `number`, replacing an earlier one. The sum of all parts may not be over
    /// `limit`.
    func commitPart(
        _ file: IncomingFile, key: BlobKey, uploadID: String, number: Int, etag: String, size: Int64,
        limit: Int64
    ) throws(BlobError) {
        try file.sync()
        try names.withLock { (_) throws(BlobError) in
            try requireUploads(key)
            let folder = try uploadFolder(key, uploadID)
            guard try storedBytes(folder, except: number) + size <= limit else {
                throw BlobError.tooLarge(limit: limit)
            }
            let name = Self.partName(number, etag)
            try file.move(to: folder + "/" + name)
            for other in try Disk.entries(folder) where other != name && Self.partNumber(other) == number {
                try Disk.removeFile(folder + "/" + other)
            }
        }
    }

    /// Joins the listed parts into the object and closes the upload. On any error the upload stays open. A
    /// repeated call after success, with the same list, answers with the object again.
    func completeUpload(
        _ key: BlobKey, uploadID: String, parts: [PartReference], checksum: JoinedChecksum?, limit: Int64
    ) throws(BlobError) -> Object {
        let etag = Self.etag(of: parts)
        // Out of the way of further parts, aborts and second completions while the bytes are copied.
        let claimed = root + "/incoming/" + uploadID
        let earlier = try names.withLock { (_) throws(BlobError) -> Object? in
            guard let folder = try openUploadFolder(key, uploadID) else {
                guard let object = try current(key), object.etag == etag else { throw .noSuchUpload }
                return object
            }
            try requireUploads(key)
            try checkParts(parts, in: folder, limit: limit)
            try Disk.move(folder, to: claimed)
            return nil
        }
        if let earlier { return earlier }
        do {
            let file = try join(parts, in: claimed, checksum: checksum)
            let object = try commit(file, key: key, etag: etag)
            // The object is stored; what cannot be removed now is swept later.
            try? Disk.removeTree(claimed)
            names.withLock { _ in _ = rmdir(uploadsFolder(key)) }
            return object
        } catch {
            try names.withLock { (_) throws(BlobError) in
                try Disk.makeDirectory(uploadsFolder(key))
                try Disk.move(claimed, to: uploadsFolder(key) + "/" + uploadID)
            }
            throw error
        }
    }

    /// Removes an open upload with its parts.
    func abortUpload(_ key: BlobKey, uploadID: String) throws(BlobError) {
        try names.withLock { (_) throws(BlobError) in
            try Disk.removeTree(try uploadFolder(key, uploadID))
            // Fails, as it should, while the key has other uploads.
            rmdir(uploadsFolder(key))
        }
    }

    // MARK: Steps; `names` is held unless said otherwise

    /// Nil if there is no such upload.
    private func openUploadFolder(_ key: BlobKey, _ uploadID: String) throws(BlobError) -> String? {
        guard Hex.isLowerHex(uploadID, count: 32) else { return nil }
        let folder = uploadsFolder(key) + "/" + uploadID
        return try Disk.status(folder) == nil ? nil : folder
    }

    private func uploadFolder(_ key: BlobKey, _ uploadID: String) throws(BlobError) -> String {
        guard let folder = try openUploadFolder(key, uploadID) else { throw .noSuchUpload }
        return folder
    }

    private func storedBytes(_ folder: String, except number: Int) throws(BlobError) -> Int64 {
        var total: Int64 = 0
        for name in try Disk.entries(folder) where Self.partNumber(name) != number {
            total += try Disk.status(folder + "/" + name)?.size ?? 0
        }
        return total
    }

    private func checkParts(_ parts: [PartReference], in folder: String, limit: Int64) throws(BlobError) {
        var total: Int64 = 0
        for part in parts {
            guard let status = try Disk.status(folder + "/" + Self.partName(part.number, part.etag)) else {
                throw .noSuchPart(number: part.number)
            }
            total += status.size
        }
        guard total <= limit else { throw .tooLarge(limit: limit) }
    }

    /// Copies the parts one after the other into a new file and checks the checksums. Called without the
    /// lock.
    private func join(
        _ parts: [PartReference], in folder: String, checksum: JoinedChecksum?
    ) throws(BlobError) -> IncomingFile {
        let file = try incomingFile()
        var check = JoinCheck(checksum)
        for part in parts {
            let source = try FileReader(path: folder + "/" + Self.partName(part.number, part.etag))
            check.beginPart(part)
            while true {
                let piece = try source.next()
                if piece.isEmpty { break }
                check.update(piece)
                try file.write(piece)
            }
            guard check.endPart(part) else { throw .checksumMismatch(part: part.number) }
        }
        guard check.isGood(partCount: parts.count) else { throw .checksumMismatch(part: nil) }
        return file
    }

    /// Hex MD5 of the parts' MD5s with their count, as S3 makes it.
    private static func etag(of parts: [PartReference]) -> String {
        let digests = parts.flatMap { Hex.decode($0.etag) ?? [] }
        return Hex.encode(Insecure.MD5.hash(data: digests)) + "-\(parts.count)"
    }

    private static func partName(_ number: Int, _ etag: String) -> String { "\(number).\(etag)" }

    private static func partNumber(_ name: String) -> Int? {
        name.firstIndex(of: ".").flatMap { DecimalText.parse(name[..<$0]) }
    }
}
