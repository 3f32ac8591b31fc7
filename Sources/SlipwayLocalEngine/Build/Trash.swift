// Directories of any size that have to be out of the way at once: renamed now, removed in the background, and by the
// next process where this one ends before.

import Foundation
import SlipwayThreads

struct Trash: Sendable {
    private let path: String
    /// One thread: what is in the way is moved at once, and its removal must not hold up builds.
    private static let pool = ThreadPool(name: "slipway-trash", threads: 1, stackSize: 4 << 20)

    /// - Parameter root: of the engine; what is thrown away lies on the same file system.
    init(root: String) { path = root + "/trash" }

    /// When this returns, nothing is there under that name, whatever is made in its place afterwards.
    func take(_ directory: String) {
        mkdir(path, 0o700)
        if rename(directory, "\(path)/\(UUID().uuidString)") == 0 { return }
        // It may be on another file system, or a full disk had no room for the trash. Names with a dot are nobody's.
        let aside = "\(directory).\(UUID().uuidString)"
        if rename(directory, aside) == 0 {
            Self.pool.submit { Self.remove(aside) }
        } else if errno != ENOENT {
            // Something is mounted there: what it holds is removed now, as more may come after this.
            Self.removeNow(directory)
        }
    }

    func empty() {
        Self.pool.submit { [path] in
            // The directory itself stays: others move things into it meanwhile.
            for name in (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? [] {
                Self.remove("\(path)/\(name)")
            }
        }
    }

    /// Both, for one.
    func discard(_ directory: String) {
        take(directory)
        empty()
    }

    /// Returns when nothing of it is left.
    static func removeAll(_ path: String) async {
        await withCheckedContinuation { continuation in
            Blocking.pool.submit {
                remove(path)
                continuation.resume()
            }
        }
    }

    /// Removes what replicas and builds have written to, whatever rights it has: overlays leave directories that not
    /// even their owner may look into.
    static func remove(_ path: String) {
        BlockingWork.check()
        removeNow(path)
    }

    private static func removeNow(_ path: String) {
        if (try? FileManager.default.removeItem(atPath: path)) != nil { return }
        open(path)
        try? FileManager.default.removeItem(atPath: path)
    }

    private static func open(_ path: String) {
        var status = stat()
        guard lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR else { return }
        chmod(path, 0o700)
        for name in (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? [] {
            open("\(path)/\(name)")
        }
    }
}
