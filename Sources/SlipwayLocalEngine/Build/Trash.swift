// Directories of any size that have to be out of the way at once: renamed now, removed in the background, and by the
// next process where this one ends before.

import Foundation

struct Trash: Sendable {
    private let path: String

    /// - Parameter root: of the engine; what is thrown away lies on the same file system.
    init(root: String) { path = root + "/trash" }

    /// What cannot be moved is removed where it is.
    func take(_ directory: String) {
        mkdir(path, 0o700)
        if rename(directory, "\(path)/\(UUID().uuidString)") == 0 || errno == ENOENT { return }
        Self.remove(directory)
    }

    func empty() {
        Task.detached(priority: .background) { [path] in Self.remove(path) }
    }

    /// Removes what replicas and builds have written to, whatever rights it has: overlays leave directories that not
    /// even their owner may look into.
    static func remove(_ path: String) {
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
