// Walks directories that somebody else has written to, without ever following a link: each directory is opened below
// the one before it.

import Foundation
import SlipwayThreads

enum FileTree {
    struct Entry {
        /// Relative to the root of the walk; empty for the root itself.
        var path: String
        /// Open directory that holds it, and its name there.
        var directory: Int32
        var name: String
        var status: stat

        var isDirectory: Bool { status.st_mode & S_IFMT == S_IFDIR }
        var isFile: Bool { status.st_mode & S_IFMT == S_IFREG }
        var isLink: Bool { status.st_mode & S_IFMT == S_IFLNK }
    }

    /// Deeper trees are nobody's work; each level costs an open file.
    static let maxDepth = 128

    /// Calls `visit` with the root and everything below it, directories before what they hold.
    /// - Parameter visit: tells whether a directory is looked into.
    /// - Throws: `SpawnError` for what cannot be read, or what `visit` throws.
    static func walk(_ root: String, _ visit: (Entry) throws -> Bool) throws {
        BlockingWork.check()
        try look(AT_FDCWD, root, path: "", depth: 0, visit)
    }

    private static func look(
        _ parent: Int32, _ name: String, path: String, depth: Int, _ visit: (Entry) throws -> Bool
    ) throws {
        var status = stat()
        guard fstatat(parent, name, &status, AT_SYMLINK_NOFOLLOW) == 0 else {
            // It may have been removed since its directory was read.
            if errno == ENOENT { return }
            throw SpawnError("A file of a build", code: errno)
        }
        let isWanted = try visit(Entry(path: path, directory: parent, name: name, status: status))
        guard isWanted, status.st_mode & S_IFMT == S_IFDIR else { return }
        guard depth < maxDepth else {
            throw SpawnError(description: "Directories lie too deep in one another.")
        }
        let file = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
        guard file >= 0 else {
            if errno == ENOENT || errno == ENOTDIR || errno == ELOOP { return }
            throw SpawnError("A directory of a build", code: errno)
        }
        guard let stream = fdopendir(file) else {
            let code = errno
            close(file)
            throw SpawnError("A directory of a build", code: code)
        }
        defer { closedir(stream) }
        while let entry = readdir(stream) {
            let child = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if child == "." || child == ".." { continue }
            try look(
                dirfd(stream), child, path: path.isEmpty ? child : "\(path)/\(child)", depth: depth + 1, visit
            )
        }
    }

    // MARK: What a confined process left

    /// Why a tree cannot be copied from: something in it is neither a directory, nor a file of its own, nor a link
    /// that stays inside. nil when nothing is.
    static func problem(in root: String) throws -> String? {
        var found: String?
        guard
            let base = realpath(root, nil).map({ pointer in
                defer { free(pointer) }
                return String(cString: pointer)
            })
        else { return "it is not there" }
        try walk(root) { entry in
            guard found == nil, !entry.isDirectory else { return found == nil }
            if entry.isLink {
                // A link to nothing cannot be said to stay.
                let real = realpath("\(root)/\(entry.path)", nil)
                defer { free(real) }
                let target = real.map { String(cString: $0) } ?? ""
                if !(target + "/").hasPrefix(base + "/") { found = "\(entry.path) is a link that leads out" }
            } else if !entry.isFile {
                found = "\(entry.path) is no file"
            } else if entry.status.st_nlink != 1 {
                found = "\(entry.path) has another name elsewhere"
            }
            return true
        }
        return found
    }

    /// Gives a tree that this server or a process of it has made to `user`: readable for everybody, to be changed by
    /// nobody else, and run as whoever runs it.
    static func claim(_ root: String, user: UInt32?) throws {
        try walk(root) { entry in
            if let user, fchownat(entry.directory, entry.name, user, user, AT_SYMLINK_NOFOLLOW) != 0 {
                throw SpawnError("The owner of a file of a build", code: errno)
            }
            guard !entry.isLink else { return false }
            let isRun = entry.isDirectory || entry.status.st_mode & 0o111 != 0
            let mode: mode_t = isRun ? 0o755 : 0o644
            if mode != entry.status.st_mode & 0o7777, fchmodat(entry.directory, entry.name, mode, 0) != 0 {
                throw SpawnError("The mode of a file of a build", code: errno)
            }
            return true
        }
    }
}
