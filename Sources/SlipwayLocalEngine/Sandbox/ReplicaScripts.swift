// The script a replica starts through: it sets its environment and becomes the model server. It holds no secret in
// namespaced modes.

import CSlipwayLinux
import Foundation
import SlipwayCore
import SlipwaySockets
import SlipwayTruss

/// Everything a start needs to know.
struct Launch: Sendable {
    var isolation: Isolation
    var egress: Egress
    /// Private directory of this start.
    var unit: String
    /// The image's tree; each entry appears at `/` of the replica. nil for what needs no image.
    var tree: String?
    /// True while an image is built: changes go into the tree itself.
    var writesToTree: Bool
    var command: [String]
    var environment: [String: String]
    var workingDirectory: String
    var pythonEnvironment: String?
    /// Directory of what the image's build commands change of its Python environment, which others share: `up` and
    /// `work` of an overlay.
    var environmentChanges: String?
    var interpreterPrefix: String?
    var user: UInt32
    /// Directories of control groups to enter first.
    var cgroups: [String]
    /// Directories that it must not see although they may lie among the system's.
    var hidden: [String]
    /// What it sees besides the system, its image and its environment.
    var views: [View] = []
    /// Where it finds secrets besides `/secrets`: absolute paths by name. No link of the tree may be on the way.
    var secretPaths: [String: String] = [:]
    /// Its /etc/resolv.conf; nil for that of this machine.
    var resolver: String?
    /// Whether it gets a network of its own also where it is given a way out.
    var isNetworked = false
    /// Its network where that was made before; nil for a new one.
    var spare: NetworkNamespace?

    var mode: SandboxMode { isolation.mode }

    /// Whether it has a network of its own.
    var hasNetwork: Bool { isolation.has(.network) && (egress == .closed || isNetworked) }

    /// - Throws: when its tree cannot be read.
    func isolated() throws -> Isolated {
        var isolated = Isolated(
            steps: try RootLayout(self).steps,
            filtersCalls: isolation.has(.filter),
            dropsPrivileges: mode != .plain && !Wall.ownUser.isRemoved)
        guard mode != .plain else { return isolated }
        isolated.namespaces = slipway_mount_namespace
        if mode == .userNamespace { isolated.namespaces |= slipway_user_namespace }
        if mode == .root, !Wall.ownUser.isRemoved { isolated.user = user }
        if isolation.has(.processes) {
            isolated.namespaces |= slipway_process_namespaces
            isolated.staysFirst = true
        }
        if hasNetwork {
            if let file = spare?.file {
                isolated.network = file
            } else {
                isolated.namespaces |= slipway_network_namespace
            }
        }
        return isolated
    }
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

    /// Directories of the unit that are shown in the replica's root.
    static let unitDirectories = ["root", "layers", "tmp", "home", "secrets", "dynamic", "slipway"]

    /// Where the script is seen by a replica.
    static func path(_ launch: Launch) -> String {
        (launch.mode == .plain ? launch.unit : "") + "/slipway/start.sh"
    }

    /// From here on nothing of the server's environment is left.
    static func start(_ launch: Launch) -> String {
        var environment = launch.environment
        var command = launch.command
        var directory = launch.workingDirectory
        var python: String?
        if launch.mode == .plain, let own = launch.tree {
            // No root of its own: the paths of the image lie in the unit's copy.
            let tree = launch.writesToTree ? own : launch.unit + "/tree"
            directory = tree + directory
            python = tree + "/packages"
            command = command.map { word in
                word == bootPath
                    ? launch.unit + "/slipway/boot.py" : word.hasPrefix("/app/") ? tree + word : word
            }
            environment["APP_HOME"] = tree + "/app"
        } else if launch.tree != nil {
            python = "/packages"
        }
        let bin = launch.pythonEnvironment.map { $0 + "/bin:" } ?? ""
        var lines = [
            "export PATH=\(ShellText.quote(bin + "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin"))",
            "export HOME=\(launch.mode == .plain ? ShellText.quote(launch.unit + "/home") : "/home/app")",
            "export LANG=C.UTF-8 PYTHONUNBUFFERED=1",
        ]
        if let python { lines.append("export PYTHONPATH=\(ShellText.quote(python))") }
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
