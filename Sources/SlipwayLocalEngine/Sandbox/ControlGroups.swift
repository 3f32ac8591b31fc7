// Which control groups this machine gives: version 2, version 1 or none; tried once at the start.

import Foundation
import SlipwayCore
import SlipwayEngine

struct ControlGroups: Sendable {
    enum Version: String, Sendable { case v1, v2, none }

    var version: Version
    /// Version 2: the directory that groups of replicas are made in.
    private var parent: String
    /// Why there are none.
    private var reason: String

    static let mounted = "/sys/fs/cgroup"

    /// Where the server goes that makes room.
    private static let leaf = "/slipway-server"
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
            var given = line.map { root + $0.dropFirst("0::".count) }
            // A server before this one has made room for its replicas' groups: they are beside it, not below.
            while let path = given, path.hasSuffix(Self.leaf) {
                given = String(path.dropLast(Self.leaf.count))
            }
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
        // Some kernels have the controllers without all that they can limit.
        for file in ["memory/slipway/memory.limit_in_bytes", "cpu/slipway/cpu.cfs_quota_us"]
        where access("\(root)/\(file)", W_OK) != 0 {
            found.reason = "\(root)/\(file): \(String(cString: strerror(errno)))"
            return found
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
            let leaf = place + Self.leaf
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

    /// One directory, or one per controller in version 1; none where there are no groups.
    private func directories(_ name: String) -> [String] {
        switch version {
        case .none: []
        case .v1: Self.controllers.map { "\(parent)/\($0)/slipway/\(name)" }
        case .v2: ["\(parent)/\(name)"]
        }
    }

    /// The group that a replica of this id has now; nil when it has none.
    func existing(_ id: ReplicaID) -> ControlGroup? {
        let found = directories(id.text).filter {
            FileManager.default.fileExists(atPath: $0 + "/cgroup.procs")
        }
        return found.isEmpty ? nil : ControlGroup(directories: found)
    }

    /// Makes the group with its limits; nil where there are none to be had.
    /// - Throws: `StartFailure` when a limit cannot be set: without it the process could take the machine.
    func make(_ name: String, _ wanted: SandboxLimits) throws(StartFailure) -> ControlGroup? {
        guard version != .none else { return nil }
        let group = ControlGroup(directories: directories(name))
        for directory in group.directories { mkdir(directory, 0o755) }
        for limit in Wall.groupLimits.isRemoved ? [] : limits(wanted) {
            let path = "\(group.directories[limit.group])/\(limit.file)"
            let error = Self.write(limit.value, to: path)
            if error == 0 || limit.isHeld(error) { continue }
            for directory in group.directories { rmdir(directory) }
            throw StartFailure(
                reason: "The process cannot be limited: \(path): \(String(cString: strerror(error))).",
                cause: .machine)
        }
        return group
    }

    /// Groups that a killed server left.
    /// - Parameter prefix: of their names; other servers of this machine have other ones.
    func remove(beginningWith prefix: String) async {
        let places = version == .v1 ? Self.controllers.map { "\(parent)/\($0)/slipway" } : [parent]
        guard version != .none else { return }
        for place in places {
            let names = (try? FileManager.default.contentsOfDirectory(atPath: place)) ?? []
            for name in names where name.hasPrefix(prefix) {
                await ControlGroup(directories: ["\(place)/\(name)"]).remove()
            }
        }
    }

    private struct Limit {
        /// Index of the directory.
        var group = 0
        var file: String
        var value: String
        /// Whether the replica can do without the limit, or has it, when the kernel says this.
        var isHeld: (Int32) -> Bool = { _ in false }
    }

    private func limits(_ wanted: SandboxLimits) -> [Limit] {
        let quota = max(1000, wanted.millicpu * 100)
        let memory = "\(wanted.memoryMiB << 20)"
        // Not every kernel counts swap.
        if version == .v2 {
            return [
                Limit(file: "memory.max", value: memory),
                Limit(file: "memory.swap.max", value: "0") { _ in true },
                Limit(file: "cpu.max", value: "\(quota) 100000"),
                Limit(file: "pids.max", value: "\(wanted.processes)"),
            ]
        }
        return [
            Limit(file: "memory.limit_in_bytes", value: memory),
            // Memory and swap together.
            Limit(file: "memory.memsw.limit_in_bytes", value: memory) { _ in true },
            Limit(group: 1, file: "cpu.cfs_period_us", value: "100000"),
            // Refused as invalid where a group above gives less: that one limits it then.
            Limit(group: 1, file: "cpu.cfs_quota_us", value: "\(quota)") { $0 == EINVAL },
            Limit(group: 2, file: "pids.max", value: "\(wanted.processes)"),
        ]
    }

    /// - Returns: 0, or what the kernel says.
    private static func write(_ text: String, to path: String) -> Int32 {
        let file = open(path, O_WRONLY | O_CLOEXEC)
        guard file >= 0 else { return errno }
        defer { close(file) }
        return Foundation.write(file, text, text.utf8.count) < 0 ? errno : 0
    }
}
