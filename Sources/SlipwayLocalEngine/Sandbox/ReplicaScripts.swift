// The two scripts a replica starts through: the outer one makes its root as the server's user, the inner one
// sets its environment and becomes the model server. Neither holds a secret in namespaced modes.

import Foundation

/// Everything the scripts need to know.
struct Launch: Sendable {
    var mode: SandboxMode
    /// Private directory of this start.
    var unit: String
    /// The image's tree; each entry appears at `/` of the replica.
    var tree: String
    /// True while an image is built: changes go into the tree itself.
    var writesToTree: Bool
    var command: [String]
    var environment: [String: String]
    var workingDirectory: String
    var pythonEnvironment: String?
    var interpreterPrefix: String?
    var user: UInt32
    /// Directories of control groups to enter first.
    var cgroups: [String]
}

enum ReplicaScripts {
    /// Where `boot.py` is seen by a replica.
    static let bootPath = "/slipway/boot.py"

    /// Runs the upstream server bound to loopback only: it would listen on every interface, past the gateway's
    /// keys.
    static let boot = #"""
        import runpy
        import sys

        import uvicorn

        original = uvicorn.Config.__init__


        def loopback_only(self, *args, **kwargs):
            kwargs["host"] = "127.0.0.1"
            original(self, *args, **kwargs)


        uvicorn.Config.__init__ = loopback_only
        sys.argv = sys.argv[1:]
        # As if the script had been started itself: its own directory leads the search path.
        sys.path[0] = sys.argv[0].rpartition("/")[0]
        runpy.run_path(sys.argv[0], run_name="__main__")
        """#

    /// Directories of the unit that the scripts bind into the replica's root.
    static let unitDirectories = ["root", "layers", "tmp", "home", "secrets", "dynamic", "slipway"]

    /// The outer script.
    static func outer(_ launch: Launch) throws -> String {
        let unit = ShellText.quote(launch.unit)
        var lines = ["#!/bin/sh", "set -e", "PATH=/usr/sbin:/usr/bin:/sbin:/bin"]
        for group in launch.cgroups { lines.append("echo $$ > \(ShellText.quote(group))/cgroup.procs") }
        guard launch.mode != .plain else {
            lines.append("exec /bin/sh \(unit)/slipway/start.sh")
            return lines.joined(separator: "\n") + "\n"
        }
        lines += [
            "U=\(unit)", "R=$U/root", "mount -t tmpfs -o mode=0755 slipway \"$R\"",
            "for d in usr opt bin sbin lib lib32 lib64 libx32; do",
            "  if [ -L \"/$d\" ]; then cp -P \"/$d\" \"$R/$d\"",
            "  elif [ -d \"/$d\" ]; then mkdir \"$R/$d\"; mount --rbind -o ro \"/$d\" \"$R/$d\"; fi",
            "done",
            "mkdir \"$R/layers\"; mount --bind \"$U/layers\" \"$R/layers\"; L=\"$R/layers\"",
            "overlay() { mkdir -p \"$L/$2-up\" \"$L/$2-work\" \"$R/$2\"",
            "  chown --reference=\"$1\" \"$L/$2-up\"",
            "  mount -t overlay slipway -o \"lowerdir=$1,upperdir=$L/$2-up,workdir=$L/$2-work\" \"$R/$2\"; }",
            "overlay /etc etc",
            "mkdir -p \"$R/etc/b10_dynamic_config\"; mount --bind \"$U/dynamic\" \"$R/etc/b10_dynamic_config\"",
            "mkdir \"$R/proc\" \"$R/sys\" \"$R/dev\" \"$R/tmp\" \"$R/home\" \"$R/home/app\" \"$R/secrets\" \"$R/slipway\" \"$R/run\" \"$R/var\" \"$R/var/tmp\"",
            "mount --rbind /proc \"$R/proc\"; mount --rbind -o ro /sys \"$R/sys\"",
            "mount -t tmpfs -o mode=0755 slipway \"$R/dev\"; mkdir -m 1777 \"$R/dev/shm\"",
            "mount -t tmpfs -o mode=1777 slipway \"$R/dev/shm\"",
            "for n in null zero full random urandom tty $(cd /dev && ls -d nvidia* 2>/dev/null); do",
            "  [ -c \"/dev/$n\" ] || continue; touch \"$R/dev/$n\"; mount --bind \"/dev/$n\" \"$R/dev/$n\"; done",
            "ln -s /proc/self/fd \"$R/dev/fd\"; ln -s /proc/self/fd/0 \"$R/dev/stdin\"",
            "ln -s /proc/self/fd/1 \"$R/dev/stdout\"; ln -s /proc/self/fd/2 \"$R/dev/stderr\"",
            "mount --bind \"$U/tmp\" \"$R/tmp\"; mount --bind \"$U/tmp\" \"$R/var/tmp\"; mount --bind \"$U/home\" \"$R/home/app\"",
            "mount --bind -o ro \"$U/secrets\" \"$R/secrets\"; mount --bind -o ro \"$U/slipway\" \"$R/slipway\"",
        ]
        for path in [launch.pythonEnvironment, launch.interpreterPrefix].compactMap({ $0 }) {
            guard !["/usr", "/opt", "/bin", "/lib"].contains(where: { (path + "/").hasPrefix($0 + "/") })
            else { continue }
            let quoted = ShellText.quote(path)
            let option = launch.writesToTree && path == launch.pythonEnvironment ? "" : "-o ro "
            lines.append("mkdir -p \"$R\"\(quoted); mount --bind \(option)\(quoted) \"$R\"\(quoted)")
        }
        for name in try FileManager.default.contentsOfDirectory(atPath: launch.tree).sorted() {
            let (source, target) = (ShellText.quote(launch.tree + "/" + name), ShellText.quote(name))
            lines.append(
                launch.writesToTree
                    ? "mkdir -p \"$R\"/\(target); mount --bind \(source) \"$R\"/\(target)"
                    : "overlay \(source) \(target)")
        }
        let user = launch.mode == .root ? "--reuid=\(launch.user) --regid=\(launch.user) --clear-groups " : ""
        lines.append(
            "exec chroot \"$R\" /usr/bin/setpriv \(user)--no-new-privs --inh-caps=-all --bounding-set=-all /bin/sh /slipway/start.sh"
        )
        return lines.joined(separator: "\n") + "\n"
    }

    /// The inner script: from here on nothing of the server's environment is left.
    static func inner(_ launch: Launch) -> String {
        var environment = launch.environment
        var command = launch.command
        var directory = launch.workingDirectory
        var python = launch.tree + "/packages"
        if launch.mode == .plain {
            // No root of its own: the paths of the image lie in the unit's copy.
            let tree = launch.writesToTree ? launch.tree : launch.unit + "/tree"
            directory = tree + directory
            python = tree + "/packages"
            command = command.map { word in
                word == bootPath
                    ? launch.unit + "/slipway/boot.py" : word.hasPrefix("/app/") ? tree + word : word
            }
            environment["APP_HOME"] = tree + "/app"
        } else {
            python = "/packages"
        }
        let bin = launch.pythonEnvironment.map { $0 + "/bin:" } ?? ""
        var lines = [
            "export PATH=\(ShellText.quote(bin + "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin"))",
            "export HOME=\(launch.mode == .plain ? ShellText.quote(launch.unit + "/home") : "/home/app")",
            "export LANG=C.UTF-8 PYTHONUNBUFFERED=1", "export PYTHONPATH=\(ShellText.quote(python))",
        ]
        if let environmentDirectory = launch.pythonEnvironment {
            lines.append("export VIRTUAL_ENV=\(ShellText.quote(environmentDirectory))")
        }
        for (name, value) in environment.sorted(by: { $0.key < $1.key }) {
            // A name the shell cannot hold would end the script; such variables cannot be passed on.
            guard name.wholeMatch(of: /[A-Za-z_][A-Za-z0-9_]*/) != nil else { continue }
            lines.append("export \(name)=\(ShellText.quote(value))")
        }
        lines.append("ulimit -c 0")
        lines.append("cd \(ShellText.quote(directory))")
        lines.append("exec " + command.map(ShellText.quote).joined(separator: " "))
        return lines.joined(separator: "\n") + "\n"
    }
}
