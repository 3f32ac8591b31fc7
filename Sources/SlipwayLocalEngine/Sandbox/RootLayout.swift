// What the root of a replica is put together from. All of it is known before the replica starts and is done by its own
// process before it becomes the model server: no other program runs in between.

import CSlipwayLinux
import Foundation
import SlipwayTruss

struct RootLayout {
    private(set) var steps: [LaunchStep] = []

    private let launch: Launch
    private var unit: String { launch.unit }
    private var root: String { unit + "/root" }
    private var mode: SandboxMode { launch.isolation.mode }

    /// Directories of the machine's system that replicas see.
    private static let system = ["usr", "opt", "bin", "sbin", "lib", "lib32", "lib64", "libx32"]

    init(_ launch: Launch) throws {
        self.launch = launch
        for group in launch.cgroups { steps.append(.write("0", to: group + "/cgroup.procs")) }
        guard mode != .plain else { return }
        if mode == .userNamespace {
            // Inside it has the id it would have on a machine with root.
            steps.append(.write("deny", to: "/proc/self/setgroups"))
            steps.append(.write("\(launch.user) \(geteuid()) 1", to: "/proc/self/uid_map"))
            steps.append(.write("\(launch.user) \(getegid()) 1", to: "/proc/self/gid_map"))
        }
        steps += [
            .privateMounts, .hideGroups, .mount("tmpfs", at: root, options: "mode=0755,size=50%"),
        ]
        addSystem()
        overlay("/etc", "etc")
        cover(["etc"])
        bind("\(unit)/dynamic", "etc/b10_dynamic_config", isReadOnly: true)
        addKernelFiles()
        addDevices()
        bind("\(unit)/tmp", "tmp")
        bind("\(unit)/tmp", "var/tmp")
        bind("\(unit)/home", "home/app")
        steps.append(.directory("\(root)/run"))
        bind("\(unit)/secrets", "secrets", isReadOnly: true)
        bind("\(unit)/slipway", "slipway", isReadOnly: true)
        for path in [launch.pythonEnvironment, launch.interpreterPrefix].compactMap({ $0 })
        where !isSeen(path) {
            let isWritten = launch.writesToTree && path == launch.pythonEnvironment
            bind(path, String(place(of: path).dropFirst()), isReadOnly: !isWritten)
        }
        for name in try FileManager.default.contentsOfDirectory(atPath: launch.tree).sorted() {
            if launch.writesToTree {
                bind("\(launch.tree)/\(name)", name)
            } else {
                overlay("\(launch.tree)/\(name)", name)
            }
        }
        if launch.hasNetwork { steps.append(.loopback) }
        steps.append(.root(root))
    }

    /// Programs and libraries of the machine.
    private mutating func addSystem() {
        for name in Self.system {
            if let target = try? FileManager.default.destinationOfSymbolicLink(atPath: "/\(name)") {
                steps.append(.link("\(root)/\(name)", to: target))
            } else if FileManager.default.fileExists(atPath: "/\(name)"), !launch.hidden.contains("/\(name)")
            {
                bind("/\(name)", name, isReadOnly: true)
            }
        }
        cover(Self.system)
    }

    /// Covers what must not be seen and lies in one of these directories.
    private mutating func cover(_ directories: [String]) {
        for path in launch.hidden where directories.contains(where: { path.hasPrefix("/\($0)/") }) {
            var status = stat()
            let isFile = stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFREG
            steps.append(
                isFile
                    ? .bind("/dev/null", at: root + path)
                    : .mount("tmpfs", at: root + path, options: "mode=0755"))
        }
    }

    /// Where a path of the machine is for the replica: links among the system's files are there too.
    private func place(of path: String) -> String {
        Self.isOfSystem(path) ? URL(fileURLWithPath: path).resolvingSymlinksInPath().path : path
    }

    private static func isOfSystem(_ path: String) -> Bool {
        system.contains { (path + "/").hasPrefix("/\($0)/") }
    }

    /// Whether the replica has it without being shown it by itself.
    private func isSeen(_ path: String) -> Bool {
        let place = place(of: path)
        return Self.isOfSystem(place) && !launch.hidden.contains { (place + "/").hasPrefix($0 + "/") }
    }

    /// /proc and /sys.
    private mutating func addKernelFiles() {
        steps.append(.directory("\(root)/proc"))
        if launch.isolation.has(.processes) {
            steps.append(.mount("proc", at: "\(root)/proc"))
            // Not held by namespaces, and of no use to a model.
            for name in ["kcore", "keys", "key-users", "timer_list", "sched_debug"]
            where FileManager.default.fileExists(atPath: "/proc/\(name)") {
                steps.append(.bind("/dev/null", at: "\(root)/proc/\(name)").optional)
            }
        } else {
            steps.append(.bind("/proc", at: "\(root)/proc"))
        }
        steps.append(.directory("\(root)/sys"))
        // Only who owns the network namespace may mount it; else the machine's own is shown.
        let isOwn = mode == .root || launch.hasNetwork
        steps.append(
            isOwn
                ? .mount("sysfs", at: "\(root)/sys", isReadOnly: true)
                : .bind("/sys", at: "\(root)/sys", isReadOnly: true))
        for name in ["firmware", "kernel/security", "kernel/debug", "kernel/tracing", "fs/cgroup"]
        where FileManager.default.fileExists(atPath: "/sys/\(name)") {
            steps.append(.mount("tmpfs", at: "\(root)/sys/\(name)", options: "mode=0755").optional)
        }
        // Libraries read here how many CPUs and how much memory there are.
        for group in launch.cgroups {
            let parts = group.dropFirst("/sys/fs/cgroup/".count).split(separator: "/")
            let isOne = launch.cgroups.count == 1
            let place = isOne ? "fs/cgroup" : "fs/cgroup/\(parts.first ?? "")"
            if !isOne { steps.append(.directory("\(root)/sys/\(place)").optional) }
            steps.append(.bind(group, at: "\(root)/sys/\(place)", isReadOnly: true).optional)
        }
    }

    private mutating func addDevices() {
        steps.append(.directory("\(root)/dev/shm", mode: 0o1777))
        for (name, target) in [("fd", ""), ("stdin", "/0"), ("stdout", "/1"), ("stderr", "/2")] {
            steps.append(.link("\(root)/dev/\(name)", to: "/proc/self/fd\(target)"))
        }
        let cards = (try? FileManager.default.contentsOfDirectory(atPath: "/dev")) ?? []
        let names = ["null", "zero", "full", "random", "urandom", "tty"]
        for name in names + cards.filter({ $0.hasPrefix("nvidia") }).sorted() {
            var status = stat()
            guard stat("/dev/\(name)", &status) == 0, status.st_mode & S_IFMT == S_IFCHR else { continue }
            steps.append(.file("\(root)/dev/\(name)"))
            steps.append(.bind("/dev/\(name)", at: "\(root)/dev/\(name)"))
        }
    }

    private mutating func bind(_ source: String, _ target: String, isReadOnly: Bool = false) {
        steps.append(.directory("\(root)/\(target)"))
        steps.append(.bind(source, at: "\(root)/\(target)", isReadOnly: isReadOnly))
    }

    /// Shows `source` with changes of the replica's own over it.
    private mutating func overlay(_ source: String, _ target: String) {
        // In a user namespace everything belongs to the one user there is.
        var status = stat()
        let owner = mode == .root && stat(source, &status) == 0 ? status.st_uid : nil
        let (upper, work) = ("\(unit)/layers/\(target)-up", "\(unit)/layers/\(target)-work")
        steps.append(.directory(upper, owner: owner))
        steps.append(.directory(work, owner: owner))
        steps.append(.directory("\(root)/\(target)"))
        var options = [("lowerdir", source), ("upperdir", upper), ("workdir", work)].map {
            "\($0)=\(Self.escaped($1))"
        }
        // Marks of what was removed need a privilege otherwise.
        if mode == .userNamespace { options.append("userxattr") }
        steps.append(.mount("overlay", at: "\(root)/\(target)", options: options.joined(separator: ",")))
    }

    /// As overlays read their options.
    private static func escaped(_ path: String) -> String {
        path.replacing("\\", with: "\\\\").replacing(",", with: "\\,").replacing(":", with: "\\:")
    }
}
