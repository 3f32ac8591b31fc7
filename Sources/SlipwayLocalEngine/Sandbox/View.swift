// A directory or file of this machine that a sandboxed process is shown besides the system and its image. What is not
// shown is not there.

import Foundation

struct View: Sendable, Equatable {
    enum Access: Sendable, Equatable {
        case readOnly
        case writable
        /// Changes go into `upper`, which lies beside `work` on one file system; the source stays as it is.
        case layered(upper: String, work: String)
    }

    /// Where it is for the server.
    var source: String
    /// Where it is for the process.
    var target: String
    var access: Access

    /// Where the process finds it: without a root of its own there is no other place than the server's.
    func path(_ mode: SandboxMode) -> String {
        guard mode == .plain else { return target }
        if case .layered(let upper, _) = access { return upper }
        return source
    }

    /// At the same path for both.
    static func same(_ path: String) -> View { View(source: path, target: path, access: .readOnly) }
}
