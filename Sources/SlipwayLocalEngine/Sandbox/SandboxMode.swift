// Where the files and the rights of replicas come from.

enum SandboxMode: String, Sendable, Codable {
    /// As root: a mount namespace and a root of its own, and a user of its own.
    case root
    /// Without root: the same in a user namespace; the process stays the server's user outside it.
    case userNamespace
    /// Neither: a plain process in a copy of its tree.
    case plain
}

enum ShellText {
    /// One word of a POSIX shell, whatever it holds.
    static func quote(_ text: String) -> String { "'" + text.replacing("'", with: "'\\''") + "'" }
}
