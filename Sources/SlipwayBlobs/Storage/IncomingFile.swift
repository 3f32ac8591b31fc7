// A file being written. It appears under its final name whole and durable, or not at all.
import Foundation

/// Removes itself when it is dropped before `move`.
final class IncomingFile {
    private let path: String
    private let descriptor: Int32
    private var isCommitted = false

    /// Creates the file; it must not exist.
    init(creating path: String) throws(BlobError) {
        descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, Disk.fileMode)
        guard descriptor >= 0 else { throw .lastError("create file") }
        self.path = path
    }

    deinit {
        close(descriptor)
        if !isCommitted { unlink(path) }
    }

    func write(_ bytes: ArraySlice<UInt8>) throws(BlobError) {
        try Self.writeAll(bytes, to: descriptor)
    }

    /// Waits until the bytes are on the disk; call it before `move`.
    func sync() throws(BlobError) {
        guard fsync(descriptor) == 0 else { throw .lastError("sync file") }
    }

    /// Gives the file its final name, in the same file system, and makes the name durable.
    func move(to destination: String) throws(BlobError) {
        try Disk.move(path, to: destination)
        isCommitted = true
        try Disk.syncDirectory(Disk.parent(of: destination))
    }

    /// Writes everything or throws; `noSpace` when the disk is full.
    static func writeAll(_ bytes: ArraySlice<UInt8>, to descriptor: Int32) throws(BlobError) {
        var rest = bytes
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { systemWrite(descriptor, $0.baseAddress, $0.count) }
            if count < 0 {
                let code = errno
                if code == EINTR { continue }
                throw .lastError("write file", code: code)
            }
            rest = rest.dropFirst(count)
        }
    }
}

/// The system call under a name that the method `write` does not hide.
private func systemWrite(_ descriptor: Int32, _ base: UnsafeRawPointer?, _ count: Int) -> Int {
    write(descriptor, base, count)
}
