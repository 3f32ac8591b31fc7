// Which control groups this machine gives: version 2, version 1 or none; tried once at the start.

import Foundation
import SlipwayCore

struct ControlGroups: Sendable {
    enum Version: String, Sendable { case v1, v2, none }

    var version: Version
    /// Version 2: the directory that groups of replicas are made in.
    private var parent: String
    /// Why there are none.
    private var reason: String

    /// Processes and threads of one replica: plenty for worker pools, too few for a fork bomb.
    static let processes = 4096
    static let mounted = "/sys/fs/cgroup"

    private static let controllers = ["memory", "cpu", "pids"]

    // MARK: What there is

    /// - Parameters:
    ///   - root: where control groups are mounted.
    ///   - own: the file that names the groups of this process.
    static func probe(root: String = mounted, own: String = "/proc/self/cgroup") -> ControlGroups {
        let files = FileManager.default
        var found = ControlGroups(version: .none, parent: "", reason: "there are none")
        if files.fileExists(atPath: root + "/cgroup.controllers") {
            // Where the system lets us, beside its own groups; else below the one that was given to us.
            let text = (try? String(contentsOfFile: own, encoding: .utf8)) ?? ""
            let line = text.split(separator: "\n").first { $0.hasPrefix("0::/") }
            let given = line.map { root + $0.dropFirst("0::".count) }
            for place in [root, given].compactMap({ $0 }) {
                if let reason = delegate(place) {
                    found.reason = reason
                } else {
                    return ControlGroups(version: .v2, parent: place + "/slipway", reason: "")
                }
            }
            return found
        }
        guard controllers.allSatisfy({ files.fileExists(atPath: "\(root)/\($0)/cgroup.procs") }) else {
            return found
        }
        found.parent = root
        for controller in controllers {
            let place = "\(root)/\(controller)/slipway"
            if mkdir(place, 0o755) != 0, errno != EEXIST || access(place, W_OK) != 0 {
                found.reason = "\(place): \(String(cString: strerror(errno)))"
                return found
            }
        }
        found.version = .v1
        return found
    }

    /// Makes the parent of replicas' groups in `place` and turns the controllers on for it.
    /// - Returns: why that cannot be done; nil when it is.
    private static func delegate(_ place: String) -> String? {
        let parent = place + "/slipway"
        if mkdir(parent, 0o755) != 0, errno != EEXIST {
            return "\(parent): \(String(cString: strerror(errno)))"
        }
        let wanted = controllers.map { "+\($0)" }.joined(separator: " ")
        var error = write(wanted, to: place + "/cgroup.subtree_control")
        if error == EBUSY {
            // A group whose controllers are on for what is below holds no processes: the server makes room.
            let leaf = place + "/slipway-server"
            mkdir(leaf, 0o755)
            _ = write("\(getpid())", to: leaf + "/cgroup.procs")
            error = write(wanted, to: place + "/cgroup.subtree_control")
        }
        if error == EBUSY {
            return
                "other processes are in the server's group \(place); give it one of its own (systemd: Delegate=yes)"
        }
        if error == 0 { error = write(wanted, to: parent + "/cgroup.subtree_control") }
        if error != 0 { return "\(place)/cgroup.subtree_control: \(String(cString: strerror(error)))" }
        return nil
    }

    /// For `slipway doctor` and the start-up log.
    var words: String {
        switch version {
        case .none:
            "control groups cannot be used (\(reason)): memory, CPU and processes of replicas are not limited"
        default: "memory, CPU and processes of replicas are limited by cgroups \(version.rawValue)"
        }
    }

    // MARK: Groups of replicas

    /// Makes the group with the limits of the instance type; nil where there are none to be had.
    func make(_ id: ReplicaID, _ type: InstanceType) -> ControlGroup? {
        let quota = max(1000, type.millicpu * 100)
        let memory = "\(type.memoryMiB << 20)"
        let group: ControlGroup
        let limits: [(Int, String, String)]
        switch version {
        case .none: return nil
        case .v1:
            group = ControlGroup(directories: Self.controllers.map { "\(parent)/\($0)/slipway/\(id)" })
            limits = [
                (0, "memory.limit_in_bytes", memory),
                // Memory and swap together, where the kernel counts swap.
                (0, "memory.memsw.limit_in_bytes", memory),
                (1, "cpu.cfs_period_us", "100000"), (1, "cpu.cfs_quota_us", "\(quota)"),
                (2, "pids.max", "\(Self.processes)"),
            ]
        case .v2:
            group = ControlGroup(directories: ["\(parent)/\(id)"])
            limits = [
                (0, "memory.max", memory), (0, "memory.swap.max", "0"), (0, "cpu.max", "\(quota) 100000"),
                (0, "pids.max", "\(Self.processes)"),
            ]
        }
        for directory in group.directories { mkdir(directory, 0o755) }
        for (index, file, value) in limits {
            _ = Self.write(value, to: "\(group.directories[index])/\(file)")
        }
        let exists = group.directories.allSatisfy {
            FileManager.default.fileExists(atPath: $0 + "/cgroup.procs")
        }
        return exists ? group : nil
    }

    /// - Returns: 0, or what the kernel says.
    private static func write(_ text: String, to path: String) -> Int32 {
        let file = open(path, O_WRONLY | O_CLOEXEC)
        guard file >= 0 else { return errno }
        defer { close(file) }
        return Foundation.write(file, text, text.utf8.count) < 0 ? errno : 0
    }
}
