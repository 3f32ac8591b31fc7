// Files that connections leave to the rest of the process: without any, nothing can be stored, started or asked how it
// is, and the runtime's own look at its threads ends the process.

import Glibc

enum FileReserve {
    /// An eighth of what the process may have open, but no more than this many.
    private static let most = 1024
    /// What the rest of an idle server needs at once, with room to spare.
    private static let least = 64

    /// Whether a file number means that a connection from outside would take of the reserve. Numbers are given from
    /// the lowest on, so the number tells how many are open.
    static func isTouched(by file: Int32) -> Bool {
        let limit = limit
        return Int(file) >= limit - size(limit)
    }

    /// The same for connections that serve what was accepted before: they may take half of it.
    static func isHalfUsed(by file: Int32) -> Bool {
        let limit = limit
        return Int(file) >= limit - size(limit) / 2
    }

    /// Whether the next file would take of the reserve.
    static func isTouched(besides file: Int32) -> Bool {
        let next = fcntl(file, F_DUPFD_CLOEXEC, 0)
        guard next >= 0 else { return true }
        close(next)
        return isTouched(by: next)
    }

    private static func size(_ limit: Int) -> Int { min(limit / 2, max(least, min(limit / 8, most))) }

    /// Read each time: it can be changed from outside.
    private static var limit: Int {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return .max / 2 }
        return Int(clamping: min(limit.rlim_cur, UInt(Int32.max)))
    }
}
