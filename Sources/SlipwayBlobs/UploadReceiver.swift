// One request's work on the disk, off the server's threads: receives a body into a file and runs the
// operations that wait for the disk. Made by `S3Service` per request.
import Foundation

actor UploadReceiver {
    private let executor = DiskExecutor()
    nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    private let directory: BlobDirectory
    private var payload: PayloadReceiver
    private var file: IncomingFile?
    private var collected: [UInt8] = []

    init(directory: BlobDirectory, payload: PayloadReceiver) {
        self.directory = directory
        self.payload = payload
    }

    /// Takes bytes of a body that becomes an object or a part.
    func store(_ bytes: [UInt8]) throws {
        let file = try self.file ?? directory.incomingFile()
        self.file = file
        try payload.receive(bytes) { try file.write($0) }
    }

    /// Takes bytes of a small body, a document; its size is bounded by the payload's limit.
    func collect(_ bytes: [UInt8]) throws {
        try payload.receive(bytes) { collected += $0 }
    }

    /// The whole small body, checked.
    func document() throws -> [UInt8] {
        _ = try payload.finish()
        return collected
    }

    /// Checks the body and makes it the object of the key.
    func finishObject(
        _ key: BlobKey
    ) throws -> (object: BlobDirectory.Object, checksum: ExpectedChecksum?) {
        let received = try payload.finish()
        let object = try directory.commit(try takeFile(), key: key, etag: Hex.encode(received.md5))
        return (object, received.checksum)
    }

    /// Checks the body and makes it part `number` of an upload whose parts may have `limit` bytes in all.
    func finishPart(
        _ key: BlobKey, uploadID: String, number: Int, limit: Int64
    ) throws -> (etag: String, checksum: ExpectedChecksum?) {
        let received = try payload.finish()
        let etag = Hex.encode(received.md5)
        try directory.commitPart(
            try takeFile(), key: key, uploadID: uploadID, number: number, etag: etag, size: received.size,
            limit: limit)
        return (etag, received.checksum)
    }

    /// Removes what has been written of an unfinished body.
    func discard() { file = nil }

    /// Runs work that waits for the disk.
    func run<Result: Sendable>(
        _ work: @Sendable (BlobDirectory) throws(BlobError) -> Result
    ) throws(BlobError) -> Result {
        try work(directory)
    }

    /// The written file; an empty one if the body was empty.
    private func takeFile() throws -> IncomingFile {
        defer { file = nil }
        return try file ?? directory.incomingFile()
    }
}
