// Which isolation this machine gives, tried once at the start.

import Foundation

enum SandboxMode: String, Sendable, Codable {
    /// As root: a mount namespace and a root of its own, and a user of its own.
    case root
    /// Without root: the same in a user namespace; the process stays the server's user outside it.
    case userNamespace
    /// Neither: a plain process in a copy of its tree.
    case plain

    /// Tries what replicas will need.
    static func probe(_ configuration: LocalEngineConfiguration) async -> SandboxMode {
        guard configuration.usesNamespaces else { return .plain }
        let mode: SandboxMode = configuration.runsAsRoot ? .root : .userNamespace
        let directory = configuration.root + "/probe-\(UUID().uuidString)"
        try? FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let script = """
            set -e; mount -t tmpfs tmpfs \(ShellText.quote(directory)); cd \(ShellText.quote(directory)); mkdir up work etc
            mount -t overlay overlay -o lowerdir=/etc,upperdir=up,workdir=work etc; test -e etc/passwd
            """
        let result = try? await Command.run(
            mode.unshare + ["/bin/sh", "-c", script], environment: Command.buildEnvironment(home: "/"),
            directory: "/", output: configuration.root + "/probe.log", timeout: .seconds(10))
        return result?.code == 0 ? mode : .plain
    }

    /// The command that a launch script runs under.
    var unshare: [String] {
        switch self {
        case .root: ["/usr/bin/unshare", "--mount", "--propagation", "private", "--"]
        case .userNamespace:
            ["/usr/bin/unshare", "--user", "--map-root-user", "--mount", "--propagation", "private", "--"]
        case .plain: []
        }
    }
}

enum ShellText {
    /// One word of a POSIX shell, whatever it holds.
    static func quote(_ text: String) -> String { "'" + text.replacing("'", with: "'\\''") + "'" }
}
