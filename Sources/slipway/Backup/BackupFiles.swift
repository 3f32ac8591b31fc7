// Files and names that backups are made of.

import Crypto
import Foundation
import SlipwayTruss

enum BackupFiles {
    /// Bytes copied at a time.
    static let piece = 1 << 20

    static let database = "slipway.sqlite"
    static let masterKey = "master-key"
    static let adminKey = "admin-api-key"
    static let archives = "blobs/objects/"

    /// Whether a path is one that a backup may hold: nothing is ever written anywhere else.
    static func isKnown(_ path: String) -> Bool {
        if [database, masterKey, adminKey].contains(path) { return true }
        guard path.hasPrefix(archives) else { return false }
        let parts = path.dropFirst(archives.count).split(separator: "/", omittingEmptySubsequences: false)
        let isPlain = parts.allSatisfy { part in
            !part.isEmpty
                && part.utf8.allSatisfy { byte in
                    (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
                        || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) || byte == UInt8(ascii: "-")
                }
        }
        return parts.count == 2 && isPlain
    }

    static func hex(_ digest: some Sequence<UInt8>) -> String {
        digest.map { byte in
            let text = String(byte, radix: 16)
            return text.count == 1 ? "0" + text : text
        }.joined()
    }

    static func reason(_ code: Int32 = errno) -> String { String(cString: strerror(code)) }

    /// Makes a file that only its owner can read; it must not exist.
    static func make(_ path: String) throws -> FileHandle {
        let file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw BackupError(description: "\(path) cannot be made: \(reason()).") }
        return FileHandle(fileDescriptor: file, closeOnDealloc: true)
    }

    /// Makes the names in a directory durable.
    static func syncDirectory(_ path: String) throws {
        let directory = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        defer { if directory >= 0 { close(directory) } }
        guard directory >= 0, fsync(directory) == 0 else {
            throw BackupError(description: "\(path) cannot be synced: \(reason()).")
        }
    }

    /// Gives a file another name in the same file system, replacing what has it.
    static func move(_ path: String, to destination: String) throws {
        guard rename(path, destination) == 0 else {
            throw BackupError(description: "\(path) cannot be moved to \(destination): \(reason()).")
        }
    }

    static func makeDirectory(_ path: String) throws {
        try FileManager.default.createDirectory(
            atPath: path, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
    }
}
