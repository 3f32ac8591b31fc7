// A server on this machine, found by its data directory.

import Foundation

/// Where the commands find what a server of this machine keeps.
public enum LocalServer {
    /// The name of the management socket below the directory of a process.
    public static let socketName = "/management.sock"

    public static var defaultDataDirectory: String {
        FileManager.default.homeDirectoryForCurrentUser.appendingPathComponent(".local/share/slipway").path
    }

    /// What `~` means in a shell: `HOME` where it is set.
    public static var home: String {
        ProcessInfo.processInfo.environment["HOME"].flatMap { $0.hasPrefix("/") ? $0 : nil }
            ?? FileManager.default.homeDirectoryForCurrentUser.path
    }

    public static func absolute(_ path: String) -> String {
        let path = NSString(string: path).expandingTildeInPath
        return path.hasPrefix("/") ? path : FileManager.default.currentDirectoryPath + "/" + path
    }

    /// The socket of the server that uses a data directory; nil when none runs. While one takes over from another, that
    /// is the new one's.
    public static func socket(in root: String) -> String? {
        let run = root + "/run"
        let pids = ((try? FileManager.default.contentsOfDirectory(atPath: run)) ?? []).compactMap {
            Int32($0)
        }
        let made = pids.filter { kill($0, 0) == 0 || errno == EPERM }.compactMap {
            pid -> (path: String, at: Date)? in
            let entry = "\(run)/\(pid)"
            let path = (try? FileManager.default.destinationOfSymbolicLink(atPath: entry)) ?? entry
            let attributes = try? FileManager.default.attributesOfItem(atPath: path + socketName)
            return (attributes?[.modificationDate] as? Date).map { (path + socketName, $0) }
        }
        return made.max { $0.at < $1.at }?.path
    }
}
