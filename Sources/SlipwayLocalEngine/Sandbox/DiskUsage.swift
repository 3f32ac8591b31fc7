// Counts what directories take of the disk, and what processes keep of files that have no name any more.

import CSlipwayLinux
import Foundation
import SlipwayThreads

struct DiskUsage {
    let limit: DiskLimit
    private(set) var bytes: Int64 = 0
    private(set) var files = 0
    private var seen: Set<Inode> = []
    private var hidden: String?

    private struct Inode: Hashable {
        var device: UInt
        var number: UInt
    }

    private struct Full: Error {}

    init(limit: DiskLimit) { self.limit = limit }

    /// Of a directory, however large.
    static func of(_ directory: String) -> DiskUsage {
        var usage = DiskUsage(limit: DiskLimit(bytes: .max, files: .max))
        usage.add(directory: directory)
        return usage
    }

    /// What is too much; nil when nothing is.
    var problem: String? {
        if bytes > limit.bytes {
            return "Out of disk: it may take \(limit.bytes >> 20) MiB."
        }
        if files > limit.files { return "Out of disk: it may have \(limit.files) files." }
        return hidden
    }

    /// Stops as soon as it is too much.
    mutating func add(directory: String) {
        BlockingWork.check()
        do {
            try FileTree.walk(directory) { entry in
                add(entry.status)
                if problem != nil { throw Full() }
                // Where overlays do their work; they keep nothing there.
                let parts = entry.path.split(separator: "/")
                return !(parts.count == 3 && parts[0] == "layers" && parts[1].hasSuffix("-work"))
            }
        } catch is Full {
        } catch let error as SpawnError where error.code == ENOENT {
        } catch let error as SpawnError where error.code == 0 || error.code == EACCES {
            hidden = "Out of disk: it keeps files where they cannot be counted."
        } catch {
            // The machine lacks something to look with; the next look is soon.
        }
    }

    private mutating func add(_ status: stat) {
        if status.st_nlink > 1, status.st_mode & S_IFMT != S_IFDIR {
            guard seen.insert(Inode(device: UInt(status.st_dev), number: UInt(status.st_ino))).inserted else {
                return
            }
        }
        files += 1
        let (size, isTooLarge) = Int64(status.st_blocks).multipliedReportingOverflow(by: 512)
        let (sum, isTooMuch) = bytes.addingReportingOverflow(isTooLarge ? Int64.max : size)
        bytes = isTooMuch ? Int64.max : sum
    }

    // MARK: Files without a name

    /// What is deleted takes room as long as it is open or mapped.
    mutating func add(deletedFilesOf processes: [Int32]) {
        for pid in processes {
            for list in ["fd", "map_files"] {
                let directory = "/proc/\(pid)/\(list)"
                for name in (try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? [] {
                    add(deleted: "\(directory)/\(name)")
                    if problem != nil { return }
                }
            }
        }
    }

    private mutating func add(deleted path: String) {
        var status = stat()
        guard stat(path, &status) == 0, status.st_nlink == 0, status.st_mode & S_IFMT == S_IFREG else {
            return
        }
        // Files in memory are counted there.
        guard slipway_is_on_disk(path) != 0 else { return }
        guard seen.insert(Inode(device: UInt(status.st_dev), number: UInt(status.st_ino))).inserted else {
            return
        }
        files += 1
        let (sum, isTooMuch) = bytes.addingReportingOverflow(Int64(status.st_blocks) * 512)
        bytes = isTooMuch ? Int64.max : sum
    }
}
