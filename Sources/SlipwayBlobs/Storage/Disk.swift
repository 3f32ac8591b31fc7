// The few system calls of this module that Foundation does not offer: durable directories and plain listings.
import Foundation

enum Disk {
    /// Only the server's own user may look into the directories.
    static let directoryMode: mode_t = 0o700
    /// Builds of other users never read an object by path: they get it from the server.
    static let fileMode: mode_t = 0o600

    /// Makes one directory whose parent exists; an existing one is fine.
    static func makeDirectory(_ path: String) throws(BlobError) {
        guard mkdir(path, directoryMode) != 0 else { return try syncDirectory(parent(of: path)) }
        guard errno == EEXIST else { throw .lastError("make directory") }
    }

    /// Makes new, renamed and removed entries of the directory survive a power failure.
    static func syncDirectory(_ path: String) throws(BlobError) {
        let descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .lastError("open directory") }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw .lastError("sync directory") }
    }

    static func move(_ from: String, to: String) throws(BlobError) {
        guard rename(from, to) == 0 else { throw .lastError("rename") }
    }

    /// Names in the directory; none if it does not exist.
    static func entries(_ path: String) throws(BlobError) -> [String] {
        guard let stream = opendir(path) else {
            guard errno == ENOENT else { throw .lastError("list directory") }
            return []
        }
        defer { closedir(stream) }
        var names: [String] = []
        while let entry = readdir(stream) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != "." && name != ".." { names.append(name) }
        }
        return names
    }

    struct Status {
        let size: Int64
        let modified: Date
    }

    /// Size and last change; nil if there is nothing at the path.
    static func status(_ path: String) throws(BlobError) -> Status? {
        var status = stat()
        guard lstat(path, &status) == 0 else {
            guard errno == ENOENT || errno == ENOTDIR else { throw .lastError("stat") }
            return nil
        }
        #if canImport(Darwin)
            let time = status.st_mtimespec
        #else
            let time = status.st_mtim
        #endif
        return Status(
            size: Int64(status.st_size),
            modified: Date(
                timeIntervalSince1970: TimeInterval(time.tv_sec) + TimeInterval(time.tv_nsec) / 1e9))
    }

    /// Removes a file; one that is gone already is fine.
    static func removeFile(_ path: String) throws(BlobError) {
        guard unlink(path) != 0, errno != ENOENT else { return }
        throw .lastError("remove file")
    }

    /// Removes a file, or a directory with all in it; what is gone already is fine.
    static func removeTree(_ path: String) throws(BlobError) {
        guard unlink(path) != 0, errno != ENOENT else { return }
        // EISDIR is Linux's answer for a directory, EPERM that of POSIX.
        guard errno == EISDIR || errno == EPERM else { throw .lastError("remove file") }
        for name in try entries(path) { try removeTree(path + "/" + name) }
        guard rmdir(path) != 0, errno != ENOENT else { return }
        throw .lastError("remove directory")
    }

    static func parent(of path: String) -> String {
        path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "."
    }
}
