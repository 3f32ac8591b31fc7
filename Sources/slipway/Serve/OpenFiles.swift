// How many files, and so connections, this process may have open at once.

import Glibc

enum OpenFiles {
    /// Raises the limit as far as it goes without rights: the usual 1024 are used up by some 500 predictions at a
    /// time, as each has a connection on either side.
    static func raiseLimit() {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0,
            limit.rlim_cur < limit.rlim_max
        else { return }
        limit.rlim_cur = limit.rlim_max
        setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    }
}
