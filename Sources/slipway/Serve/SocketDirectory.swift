// Where the management server of one process listens. Each process has a directory of its own below `run/`, so that the
// next one can tell and remove what a killed one left.

import Foundation
import SlipwayCLI

struct SocketDirectory: Sendable {
    /// Where the socket is.
    let path: String
    /// Its entry below `run/`: the directory itself, or a link to it.
    private let entry: String

    /// A Unix socket's path holds 108 bytes with the zero at its end.
    private static let longest = 107

    var socketPath: String { path + LocalServer.socketName }

    /// Removes what ended processes left, and makes the directory of this one.
    /// - Throws: `SettingsError`.
    init(in data: DataDirectory) throws(SettingsError) {
        let run = data.root + "/run"
        mkdir(run, 0o700)
        Self.clear(run)
        entry = "\(run)/\(getpid())"
        if entry.utf8.count + LocalServer.socketName.utf8.count <= Self.longest {
            path = entry
        } else {
            path = "/tmp/slipway-\(getpid())-\(UInt32.random(in: .min ... .max))"
            // The link comes first: a directory that no link names would stay for ever.
            guard symlink(path, entry) == 0 else { throw Self.unusable(entry) }
        }
        guard mkdir(path, 0o700) == 0 else { throw Self.unusable(path) }
    }

    func remove() { Self.remove(entry) }

    private static func clear(_ run: String) {
        for name in (try? FileManager.default.contentsOfDirectory(atPath: run)) ?? [] {
            // A server that hands its connections over to this one still uses its own.
            if let pid = Int32(name), pid != getpid(), kill(pid, 0) == 0 || errno == EPERM { continue }
            remove("\(run)/\(name)")
        }
    }

    private static func remove(_ entry: String) {
        if let target = try? FileManager.default.destinationOfSymbolicLink(atPath: entry) {
            // By name, so that nothing else can be meant: /tmp belongs to all.
            unlink(target + LocalServer.socketName)
            rmdir(target)
        }
        try? FileManager.default.removeItem(atPath: entry)
    }

    private static func unusable(_ path: String) -> SettingsError {
        SettingsError(
            description:
                "The directory \(path) for the server's socket cannot be made: \(String(cString: strerror(errno)))."
        )
    }
}
