// The data directory: made with owner-only rights. The lock that keeps a second server out is the database's.

import Foundation
import SlipwayCLI
import Synchronization

/// The layout below `--data-dir`.
struct DataDirectory: Sendable {
    let root: String

    /// Where the server that runs can be asked for its place.
    var handover: String { root + "/handover.sock" }
    var database: String { root + "/slipway.sqlite" }
    var adminKey: String { root + "/admin-api-key" }
    var blobs: String { root + "/blobs" }
    var logs: String { root + "/logs" }

    /// Makes the directory where it is missing, and tries whether it can be written.
    /// - Throws: `SettingsError` saying what is wrong with it.
    init(_ path: String) throws(SettingsError) {
        root = Self.absolute(path)
        do {
            try FileManager.default.createDirectory(
                atPath: root, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        } catch {
            throw SettingsError(
                description: "The data directory \(root) cannot be made: \(Self.reason(of: error))")
        }
        try probe()
    }

    /// - Throws: when a restore ended in the middle: what is there belongs to two states.
    func checkWhole() throws(SettingsError) {
        guard Restoration.isHalfDone(root) else { return }
        throw SettingsError(
            description: "A restore into \(root) has not ended: run `slipway restore` with its file again.")
    }

    static func absolute(_ path: String) -> String { LocalServer.absolute(path) }

    /// Writes and syncs a small file, so that a read-only or full disk is told at the start and not at the
    /// first push.
    private func probe() throws(SettingsError) {
        let path = root + "/.write-probe"
        let file = open(path, O_CREAT | O_WRONLY | O_TRUNC | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw unusable(errno) }
        defer {
            close(file)
            unlink(path)
        }
        // One database page: what the first transaction needs at least.
        let page = [UInt8](repeating: 0x5A, count: 64 * 1024)
        let written = page.withUnsafeBytes { write(file, $0.baseAddress, $0.count) }
        guard written == page.count else { throw unusable(written < 0 ? errno : ENOSPC) }
        guard fsync(file) == 0 else { throw unusable(errno) }
    }

    private func unusable(_ code: Int32) -> SettingsError {
        SettingsError(
            description: "The data directory \(root) cannot be written: \(String(cString: strerror(code))).")
    }

    private static func reason(of error: any Error) -> String {
        guard let underlying = (error as NSError).userInfo[NSUnderlyingErrorKey] as? NSError,
            underlying.domain == NSPOSIXErrorDomain
        else { return "\(error.localizedDescription)" }
        return String(cString: strerror(Int32(underlying.code)))
    }

    /// Keeps other servers out until the lock goes; the kernel gives it back however the process ends.
    /// - Returns: nil when another process has it.
    func lock() throws(SettingsError) -> DataLock? {
        let file = open(root + "/slipway.lock", O_CREAT | O_RDWR | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw unusable(errno) }
        guard flock(file, LOCK_EX | LOCK_NB) == 0 else {
            close(file)
            return nil
        }
        return DataLock(file: file)
    }

    /// The same, of a directory that another process is about to leave.
    func lock(within patience: Duration) async throws -> DataLock? {
        let deadline = ContinuousClock.now + patience
        while ContinuousClock.now < deadline {
            if let lock = try lock() { return lock }
            try await Task.sleep(for: .milliseconds(10))
        }
        return try lock()
    }

    /// The 32 bytes all other secrets of the server derive from; made at the first start.
    func masterKey() throws -> [UInt8] {
        let path = root + "/master-key"
        if let found = FileManager.default.contents(atPath: path) {
            guard found.count == 32 else {
                throw SettingsError(description: "\(path) is damaged: it must hold exactly 32 bytes.")
            }
            return Array(found)
        }
        var random = SystemRandomNumberGenerator()
        let key = (0..<32).map { _ in UInt8.random(in: .min ... .max, using: &random) }
        try writePrivately(key, to: path)
        return key
    }

    /// Writes a file only the owner can read, whole or not at all.
    func writePrivately(_ bytes: [UInt8], to path: String) throws {
        let temporary = path + ".new"
        let file = open(temporary, O_CREAT | O_WRONLY | O_TRUNC | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw unusable(errno) }
        defer { close(file) }
        let written = bytes.withUnsafeBytes { write(file, $0.baseAddress, $0.count) }
        guard written == bytes.count, fsync(file) == 0, rename(temporary, path) == 0 else {
            let code = errno
            unlink(temporary)
            throw unusable(code)
        }
        // The name too has to survive a power cut: what is sealed with the master key does.
        let directory = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard directory >= 0 else { throw unusable(errno) }
        defer { close(directory) }
        guard fsync(directory) == 0 else { throw unusable(errno) }
    }

    /// Programs' output and archives in the making; empty at every start.
    var work: String { root + "/work" }
}

/// Keeps other servers out of a data directory until it is released or goes.
final class DataLock: Sendable {
    private let file: Mutex<Int32>

    init(file: Int32) { self.file = Mutex(file) }

    deinit { release() }

    func release() {
        file.withLock { file in
            if file >= 0 { close(file) }
            file = -1
        }
    }
}
