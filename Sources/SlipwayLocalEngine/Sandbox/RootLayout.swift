// What the root of a replica is put together from. All of it is known before the replica starts, so that its script
// needs one call each for directories and for mounts: forking is most of what a start costs the platform.

import Foundation

struct RootLayout {
    /// Below the root, with their parents.
    private(set) var directories: [String] = []
    /// Directories and files of the machine that are links, copied as such.
    private(set) var links: [String] = []
    /// Below the root: empty files on which devices are mounted.
    private(set) var devices: [String] = []
    /// Of the overlays: where changes go, and whose owner these directories take.
    private(set) var layers: [(directory: String, owner: String)] = []
    /// Below the unit's directory for temporary files.
    private(set) var temporary: [String] = []
    /// Lines of a table as mount reads it.
    private(set) var mounts: [String] = []

    private let unit: String
    private var root: String { unit + "/root" }

    init(_ launch: Launch) throws {
        unit = launch.unit
        bind("\(unit)/layers", "layers")
        for name in ["usr", "opt", "bin", "sbin", "lib", "lib32", "lib64", "libx32"] {
            if (try? FileManager.default.destinationOfSymbolicLink(atPath: "/\(name)")) != nil {
                links.append("/\(name)")
            } else if FileManager.default.fileExists(atPath: "/\(name)") {
                bind("/\(name)", name, "rbind,ro")
            }
        }
        overlay("/etc", "etc")
        layers.append(("etc-up/b10_dynamic_config", "/etc"))
        mounts.append(line("\(unit)/dynamic", "etc/b10_dynamic_config", "none", "bind"))
        directories += ["home/app", "run", "var/tmp"]
        bind("/proc", "proc", "rbind")
        bind("/sys", "sys", "rbind,ro")
        addDevices()
        bind("\(unit)/tmp", "tmp")
        mounts.append(line("\(unit)/tmp", "var/tmp", "none", "bind"))
        mounts.append(line("\(unit)/home", "home/app", "none", "bind"))
        bind("\(unit)/secrets", "secrets", "bind,ro")
        bind("\(unit)/slipway", "slipway", "bind,ro")
        for path in [launch.pythonEnvironment, launch.interpreterPrefix].compactMap({ $0 })
        where !["/usr", "/opt", "/bin", "/lib"].contains(where: { (path + "/").hasPrefix($0 + "/") }) {
            let isWritten = launch.writesToTree && path == launch.pythonEnvironment
            bind(path, String(path.dropFirst()), isWritten ? "bind" : "bind,ro")
        }
        for name in try FileManager.default.contentsOfDirectory(atPath: launch.tree).sorted() {
            if launch.writesToTree {
                bind("\(launch.tree)/\(name)", name)
            } else {
                overlay("\(launch.tree)/\(name)", name)
            }
        }
    }

    private mutating func addDevices() {
        directories.append("dev")
        let cards = (try? FileManager.default.contentsOfDirectory(atPath: "/dev")) ?? []
        let names = ["null", "zero", "full", "random", "urandom", "tty"]
        for name in names + cards.filter({ $0.hasPrefix("nvidia") }).sorted() {
            var status = stat()
            guard stat("/dev/\(name)", &status) == 0, status.st_mode & S_IFMT == S_IFCHR else { continue }
            devices.append("dev/\(name)")
            mounts.append(line("/dev/\(name)", "dev/\(name)", "none", "bind"))
        }
    }

    private mutating func bind(_ source: String, _ target: String, _ options: String = "bind") {
        // Below what is itself mounted, the place has to be there.
        if let path = ["tmp/", "var/tmp/"].first(where: target.hasPrefix) {
            temporary.append(String(target.dropFirst(path.count)))
        } else {
            directories.append(target)
        }
        mounts.append(line(source, target, "none", options))
    }

    /// Shows `source` with changes of the replica's own over it.
    private mutating func overlay(_ source: String, _ target: String) {
        directories.append(target)
        layers += [("\(target)-up", source), ("\(target)-work", source)]
        let options =
            "lowerdir=\(source),upperdir=\(root)/layers/\(target)-up,workdir=\(root)/layers/\(target)-work"
        mounts.append(line("slipway", target, "overlay", options))
    }

    private func line(_ source: String, _ target: String, _ type: String, _ options: String) -> String {
        [source, "\(root)/\(target)", type, options, "0", "0"].map(Self.escaped).joined(separator: " ")
    }

    /// As fstab(5) has it.
    private static func escaped(_ field: String) -> String {
        field.replacing("\\", with: "\\134").replacing(" ", with: "\\040").replacing("\t", with: "\\011")
            .replacing("\n", with: "\\012")
    }

    /// The lines of the script that put the root together; it is in `$R`, the unit in `$U`.
    var commands: [String] {
        func words(_ prefix: String, _ names: [String]) -> String {
            names.map { "\(prefix)/\(ShellText.quote($0))" }.joined(separator: " ")
        }
        // Owners by the source they are taken from.
        let owned = Dictionary(grouping: layers, by: \.owner).sorted { $0.key < $1.key }
        var lines = [
            "mount -t tmpfs -o mode=0755 slipway \"$R\"",
            "mkdir -p \(words("\"$R\"", directories)) \(words("\"$U\"/layers", layers.map(\.directory)))",
            "mkdir -m 1777 \"$R/dev/shm\"",
        ]
        if !temporary.isEmpty { lines.append("mkdir -p \(words("\"$U\"/tmp", temporary))") }
        lines += owned.map { source, made in
            "chown --reference=\(ShellText.quote(source)) \(words("\"$U\"/layers", made.map(\.directory)))"
        }
        if !links.isEmpty {
            lines.append("cp -P \(links.map(ShellText.quote).joined(separator: " ")) \"$R/\"")
        }
        lines += [
            "cp -P /dev/fd /dev/stdin /dev/stdout /dev/stderr \"$R/dev/\"",
            "touch \(words("\"$R\"", devices))", "mount -a -T \"$U/mounts\"",
        ]
        return lines
    }
}
