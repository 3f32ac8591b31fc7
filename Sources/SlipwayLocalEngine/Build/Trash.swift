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
        try? FileManager.default.removeItem(atPath: directory)
    }

    func empty() {
        Task.detached(priority: .background) { [path] in try? FileManager.default.removeItem(atPath: path) }
    }
}
