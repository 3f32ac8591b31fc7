// What the root of a replica is put together from. All of it is known before the replica starts and is done by its own
// process before it becomes the model server: no other program runs in between.

import CSlipwayLinux
import Foundation
import SlipwayCore
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
        addResolver()
        addKernelFiles()
        addDevices()
        bind("\(unit)/tmp", "tmp")
        bind("\(unit)/tmp", "var/tmp")
        bind("\(unit)/home", "home/app")
        steps.append(.directory("\(root)/run"))
        bind("\(unit)/secrets", "secrets", isReadOnly: true)
        bind("\(unit)/slipway", "slipway", isReadOnly: true)
        if let environment = launch.pythonEnvironment {
            if let changes = launch.environmentChanges {
                showChanged(environment, changes)
            } else if !isSeen(environment) {
                bind(
                    environment, String(place(of: environment).dropFirst()),
                    isReadOnly: !Wall.finishedEnvironments.isRemoved)
            }
        }
        if let prefix = launch.interpreterPrefix, !isSeen(prefix) {
            bind(prefix, String(place(of: prefix).dropFirst()), isReadOnly: true)
        }
        for view in launch.views { show(view) }
        if let tree = launch.tree {
            for name in try FileManager.default.contentsOfDirectory(atPath: tree).sorted() {
                if launch.writesToTree {
                    bind("\(tree)/\(name)", name)
                } else {
                    overlay("\(tree)/\(name)", name)
                }
            }
        }
        for (name, path) in launch.secretPaths where path != "/secrets/\(name)" {
            steps.append(.directory((root + path as NSString).deletingLastPathComponent))
            steps.append(.file(root + path))
            steps.append(.bind("\(unit)/secrets/\(name)", at: root + path, isReadOnly: true))
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

    /// The list of name servers, where it is a link out of /etc.
    private mutating func addResolver() {
        let path = "/etc/resolv.conf"
        let place = URL(fileURLWithPath: path).resolvingSymlinksInPath().path
        guard place != path, !place.hasPrefix("/etc/"), FileManager.default.fileExists(atPath: place),
            !launch.hidden.contains(where: { (place + "/").hasPrefix($0 + "/") })
        else { return }
        show(.same(place))
    }

    /// Whether it is in the replica's copy of /etc.
    private func isOfEtc(_ path: String) -> Bool {
        path.hasPrefix("/etc/") && !launch.hidden.contains { (path + "/").hasPrefix($0 + "/") }
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

    /// A Python environment that others share, with what build commands change of it over it.
    private mutating func showChanged(_ environment: String, _ changes: String) {
        let target = String(place(of: environment).dropFirst())
        if launch.writesToTree {
            return overlay(environment, target, upper: changes + "/up", work: changes + "/work")
        }
        // Without an upper layer it is read-only.
        steps.append(.directory("\(root)/\(target)"))
        var options = "lowerdir=\(Self.escaped(changes + "/up")):\(Self.escaped(environment))"
        if mode == .userNamespace { options += ",userxattr" }
        steps.append(.mount("overlay", at: "\(root)/\(target)", options: options))
    }

    private mutating func show(_ view: View) {
        let target = String(view.target.dropFirst())
        switch view.access {
        case .readOnly where view.source == view.target && (isSeen(view.source) || isOfEtc(view.source)):
            break
        case .readOnly, .writable:
            let isReadOnly = view.access == .readOnly
            var status = stat()
            guard stat(view.source, &status) == 0, status.st_mode & S_IFMT != S_IFDIR else {
                return bind(view.source, target, isReadOnly: isReadOnly)
            }
            steps.append(.directory((root + view.target as NSString).deletingLastPathComponent))
            steps.append(.file(root + view.target))
            steps.append(.bind(view.source, at: root + view.target, isReadOnly: isReadOnly))
        case .layered(let upper, let work):
            overlay(view.source, target, upper: upper, work: work)
        }
    }

    /// Shows `source` with changes of the replica's own over it.
    private mutating func overlay(_ source: String, _ target: String) {
        overlay(
            source, target, upper: "\(unit)/layers/\(target)-up", work: "\(unit)/layers/\(target)-work")
    }

    private mutating func overlay(_ source: String, _ target: String, upper: String, work: String) {
        // In a user namespace everything belongs to the one user there is.
        var status = stat()
        let owner = mode == .root && stat(source, &status) == 0 ? status.st_uid : nil
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
