// One process at a time uses a database: a second one would change it, its schema too, behind the back of the first,
// which keeps answers in memory until it writes itself.

import Foundation
import GRDB

/// A lock on a file beside the database. The kernel gives it back however the process ends; programs that the process
/// starts do not inherit it. Backups read the database without it.
final class StoreLock: Sendable {
    /// A process that was just killed may still hold it.
    private static let patience: Duration = .seconds(2)

    private let file: Int32

    /// - Throws: `DatabaseError` in the words of `StoreError`.
    init(_ database: String) throws {
        let path = database + ".lock"
        file = open(path, O_CREAT | O_RDWR | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw Self.error(errno) }
        let end = ContinuousClock.now + Self.patience
        while true {
            // Of the process, not of the file: nothing that is forked has a part in it.
            var wanted = Self.whole
            if fcntl(file, F_SETLK, &wanted) == 0 { return }
            guard errno == EACCES || errno == EAGAIN else {
                let code = errno
                close(file)
                throw Self.error(code)
            }
            if ContinuousClock.now >= end { break }
            usleep(20_000)
        }
        var holder = Self.whole
        let pid =
            fcntl(file, F_GETLK, &holder) == 0 && holder.l_type != Int16(F_UNLCK) ? " \(holder.l_pid)" : ""
        close(file)
        throw DatabaseError(
            message: "process\(pid) uses it; one server at a time may. Go through its API, or stop it")
    }

    deinit { close(file) }

    private static var whole: flock {
        flock(l_type: Int16(F_WRLCK), l_whence: Int16(SEEK_SET), l_start: 0, l_len: 0, l_pid: 0)
    }

    private static func error(_ code: Int32) -> DatabaseError {
        switch code {
        case ENOSPC, EDQUOT: DatabaseError(resultCode: .SQLITE_FULL)
        case EACCES, EPERM, EROFS: DatabaseError(resultCode: .SQLITE_PERM)
        case ENOENT, ENOTDIR, EMFILE, ENFILE: DatabaseError(resultCode: .SQLITE_CANTOPEN)
        default: DatabaseError(message: "its lock cannot be taken: \(String(cString: strerror(code)))")
        }
    }
}
