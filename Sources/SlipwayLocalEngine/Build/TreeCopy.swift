// Copies what the planner laid out into an image. Files are copied or share their blocks, never linked: a second name
// of a file would let whoever may change one change the other. Links are copied as links and never written through.

import CSlipwayLinux
import Foundation
import SlipwayCore
import SlipwayEngine
import SlipwayThreads

struct TreeCopy {
    /// Directory that everything is copied from; `FileTree.problem` has found nothing in it.
    let root: String
    /// Directory that everything is copied to.
    let tree: String

    /// Directories are merged; what is not there is passed over.
    /// - Parameters:
    ///   - source: relative to the root; a link that it is or leads through is followed.
    ///   - destination: path below the tree.
    /// - Throws: `BuildFailure` for a path that leads out.
    func place(_ source: String, at destination: String) throws {
        BlockingWork.check()
        guard let real = realpath(root + "/" + source, nil), let base = realpath(root, nil) else { return }
        defer {
            free(real)
            free(base)
        }
        let path = String(cString: real)
        guard (path + "/").hasPrefix(String(cString: base) + "/") || Wall.plannedPaths.isRemoved else {
            throw BuildFailure(reason: "The plan copies \(source), which is no file of the Truss.")
        }
        var target = tree
        let parts = destination.split(separator: "/").filter { $0 != "." }.map(String.init)
        guard let last = parts.last, !parts.contains("..") else {
            throw BuildFailure(reason: "The plan copies to \(destination), which is no place in an image.")
        }
        for part in parts.dropLast() {
            target += "/" + part
            try makeDirectory(target)
        }
        try copy(path, target + "/" + last)
    }

    private func copy(_ source: String, _ target: String) throws {
        var status = stat()
        guard lstat(source, &status) == 0 else { return }
        switch status.st_mode & S_IFMT {
        case S_IFDIR:
            try makeDirectory(target)
            for name in try FileManager.default.contentsOfDirectory(atPath: source) {
                try copy(source + "/" + name, target + "/" + name)
            }
        case S_IFREG: try copyFile(source, target, isExecutable: status.st_mode & S_IXUSR != 0)
        case S_IFLNK:
            let link = try FileManager.default.destinationOfSymbolicLink(atPath: source)
            try makeRoom(target)
            guard symlink(link, target) == 0 else { throw SpawnError("A link of the image", code: errno) }
        default: throw BuildFailure(reason: "The plan copies something that is no file.")
        }
    }

    /// What is there and no directory makes room: nothing may be written through a link.
    private func makeDirectory(_ path: String) throws {
        if mkdir(path, 0o755) == 0 { return }
        var status = stat()
        if lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR { return }
        unlink(path)
        guard mkdir(path, 0o755) == 0 else { throw SpawnError("A directory of the image", code: errno) }
    }

    /// - Throws: when there is a directory.
    private func makeRoom(_ path: String) throws {
        guard unlink(path) == 0 || errno == ENOENT else {
            throw BuildFailure(reason: "The plan copies a file over a directory.")
        }
    }

    private func copyFile(_ source: String, _ target: String, isExecutable: Bool) throws {
        let from = open(source, O_RDONLY | O_NOFOLLOW | O_CLOEXEC)
        guard from >= 0 else { throw SpawnError("A file of the image", code: errno) }
        defer { close(from) }
        try makeRoom(target)
        let to = open(target, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
        guard to >= 0 else { throw SpawnError("A file of the image", code: errno) }
        defer { close(to) }
        guard slipway_copy_file(from, to) == 0, fchmod(to, isExecutable ? 0o755 : 0o644) == 0 else {
            throw SpawnError("A file of the image", code: errno)
        }
    }
}
