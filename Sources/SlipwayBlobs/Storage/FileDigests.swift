// Digests of files that were read already: a file that nobody touched since need not be read again.
import Crypto
import Foundation
import Synchronization

final class FileDigests: Sendable {
    /// What changes with a file's bytes. Nobody but root can set the time of the last change of state.
    private struct Stamp: Equatable {
        var inode: UInt64
        var size: Int64
        var changed: Int64
        var nanoseconds: Int64

        init(_ path: String) throws(BlobError) {
            var status = stat()
            guard lstat(path, &status) == 0 else { throw .lastError("stat") }
            #if canImport(Darwin)
                let time = status.st_ctimespec
            #else
                let time = status.st_ctim
            #endif
            inode = UInt64(status.st_ino)
            size = Int64(status.st_size)
            changed = Int64(time.tv_sec)
            nanoseconds = Int64(time.tv_nsec)
        }
    }

    /// More files than this are not remembered.
    private static let capacity = 4096

    private let known = Mutex<[String: (stamp: Stamp, digest: String)]>([:])

    /// SHA-256 of the file's bytes, hex. Blocks.
    func digest(ofFile path: String) throws(BlobError) -> String {
        let stamp = try Stamp(path)
        if let found = known.withLock({ $0[path] }), found.stamp == stamp { return found.digest }
        let file = try FileReader(path: path)
        var hash = SHA256()
        while case let piece = try file.next(), !piece.isEmpty { hash.update(data: piece) }
        let digest = Hex.encode(hash.finalize())
        // A file that was changed while it was read is read again next time.
        if try Stamp(path) == stamp {
            known.withLock { known in
                if known.count >= Self.capacity { known = [:] }
                known[path] = (stamp, digest)
            }
        }
        return digest
    }
}
