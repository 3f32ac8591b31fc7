// Writes files into directories that a replica may have had a hand in: never through a link, nor over what is there.

import Foundation

enum NewFile {
    /// - Throws: `SpawnError`, also when there is something at `path`.
    static func write(_ bytes: [UInt8], to path: String, mode: mode_t) throws(SpawnError) {
        let file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw SpawnError(path, code: errno) }
        defer { close(file) }
        var done = 0
        while done < bytes.count {
            let count = bytes.withUnsafeBytes {
                Foundation.write(file, $0.baseAddress! + done, bytes.count - done)
            }
            guard count > 0 else { throw SpawnError(path, code: errno) }
            done += count
        }
        // Whatever the server's umask is.
        guard fchmod(file, mode) == 0 else { throw SpawnError(path, code: errno) }
    }
}
