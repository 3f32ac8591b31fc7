// Memory, CPU and process limits of a replica through control groups, version 1 or 2, where they can be written.

import Foundation
import SlipwayCore

struct ControlGroup: Sendable, Codable {
    /// Directories of this replica's group: one, or one per controller in version 1.
    var directories: [String]

    /// Processes and threads of one replica: plenty for worker pools, too few for a fork bomb.
    static let processes = 4096

    enum Version: String, Sendable { case v1, v2, none }

    /// What this machine offers to this process.
    static func available() -> Version {
        let files = FileManager.default
        if files.fileExists(atPath: "/sys/fs/cgroup/cgroup.controllers") {
            return files.isWritableFile(atPath: "/sys/fs/cgroup/cgroup.procs") ? .v2 : .none
        }
        return controllers.allSatisfy { files.isWritableFile(atPath: "/sys/fs/cgroup/\($0)/cgroup.procs") }
            ? .v1 : .none
    }

    private static let controllers = ["memory", "cpu", "pids"]

    /// Makes the group with the limits of the instance type; nil where there are none to be had.
    static func make(_ id: ReplicaID, _ type: InstanceType) -> ControlGroup? {
        let name = "slipway/\(id)"
        let quota = max(1000, type.millicpu * 100)
        let memory = "\(type.memoryMiB << 20)"
        switch available() {
        case .none: return nil
        case .v1:
            let group = ControlGroup(directories: controllers.map { "/sys/fs/cgroup/\($0)/\(name)" })
            for directory in group.directories { try? make(directory) }
            write(memory, to: group.directories[0] + "/memory.limit_in_bytes")
            write("100000", to: group.directories[1] + "/cpu.cfs_period_us")
            write("\(quota)", to: group.directories[1] + "/cpu.cfs_quota_us")
            write("\(processes)", to: group.directories[2] + "/pids.max")
            return group.exists ? group : nil
        case .v2:
            try? make("/sys/fs/cgroup/slipway")
            for parent in ["/sys/fs/cgroup", "/sys/fs/cgroup/slipway"] {
                write("+memory +cpu +pids", to: parent + "/cgroup.subtree_control")
            }
            let group = ControlGroup(directories: ["/sys/fs/cgroup/\(name)"])
            try? make(group.directories[0])
            write(memory, to: group.directories[0] + "/memory.max")
            write("\(quota) 100000", to: group.directories[0] + "/cpu.max")
            write("\(processes)", to: group.directories[0] + "/pids.max")
            return group.exists ? group : nil
        }
    }

    /// Ends every process that is left and removes the group.
    func remove() async {
        for _ in 0..<50 {
            var left = false
            for directory in directories {
                let text = (try? String(contentsOfFile: directory + "/cgroup.procs", encoding: .utf8)) ?? ""
                for pid in text.split(separator: "\n").compactMap({ Int32($0) }) where pid > 1 {
                    kill(pid, SIGKILL)
                    left = true
                }
            }
            if !left { break }
            try? await Task.sleep(for: .milliseconds(20))
        }
        for directory in directories { rmdir(directory) }
    }

    private var exists: Bool {
        directories.allSatisfy { FileManager.default.fileExists(atPath: $0 + "/cgroup.procs") }
    }

    private static func make(_ directory: String) throws {
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
    }

    private static func write(_ text: String, to path: String) {
        guard let file = FileHandle(forWritingAtPath: path) else { return }
        try? file.write(contentsOf: Data(text.utf8))
        try? file.close()
    }
}
