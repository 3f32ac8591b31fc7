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
    ///
    /// - Parameter layout: of the root; not used in plain mode.
    static func outer(_ launch: Launch, _ layout: RootLayout) -> String {
        let unit = ShellText.quote(launch.unit)
        var lines = ["#!/bin/sh", "set -e", "PATH=/usr/sbin:/usr/bin:/sbin:/bin"]
        for group in launch.cgroups { lines.append("echo $$ > \(ShellText.quote(group))/cgroup.procs") }
        guard launch.mode != .plain else {
            lines.append("exec /bin/sh \(unit)/slipway/start.sh")
            return lines.joined(separator: "\n") + "\n"
        }
        lines.append("U=\(unit); R=$U/root")
        lines += layout.commands
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
