// Which server a command calls and where its key comes from: flags, then the environment, then the remote in use, then a
// server of this machine.

import Foundation

struct RemoteChoice: Equatable {
    enum Key: Equatable {
        case file(String)
        case value(String)
        /// The admin key of the server on this machine that uses a directory.
        case admin(directory: String)
        /// There is none that this server may see.
        case missing
    }

    var url: String
    var key: Key
    static let defaultURL = "http://localhost:8000"

    /// - Parameters:
    ///   - remote: what `--remote` says, a name or a URL.
    ///   - keyFile: what `--api-key-file` says.
    init(
        remote: String?, keyFile: String?, environment: [String: String], stored: StoredRemotes
    ) throws {
        let name = remote ?? environment["SLIPWAY_REMOTE"] ?? stored.current
        let isURL = name?.contains("://") ?? false
        let entry = try name.flatMap { isURL ? nil : try stored.named($0) }
        url = Self.trimmed(entry?.url ?? name ?? Self.defaultURL)
        if let problem = ServerURL.problem(url) {
            throw CommandFailure(problem, hint: "An example: http://localhost:8000")
        }
        let host = URL(string: url)?.host ?? ""
        if let keyFile {
            key = .file(keyFile)
        } else if remote != nil, let entry {
            // A flag counts more than the environment, whose key may be for another server.
            key = .value(entry.apiKey)
        } else if let value = environment["SLIPWAY_API_KEY"] {
            key = .value(value)
        } else if let entry {
            key = .value(entry.apiKey)
        } else if Self.isThisMachine(host) {
            key = .admin(directory: environment["SLIPWAY_DATA_DIR"] ?? LocalServer.defaultDataDirectory)
        } else {
            // The admin key of this machine's server is for no other one.
            key = .missing
        }
    }

    static func trimmed(_ url: String) -> String { url.hasSuffix("/") ? String(url.dropLast()) : url }

    static func isThisMachine(_ host: String) -> Bool {
        let host = host.lowercased()
        return host == "localhost" || host.hasSuffix(".localhost") || host == "::1" || host == "[::1]"
            || isLoopback(host)
    }

    private static func isLoopback(_ host: String) -> Bool {
        var address = in_addr()
        // In network order the first byte of the address is the first in memory.
        return inet_pton(AF_INET, host, &address) == 1
            && withUnsafeBytes(of: &address) { $0.first == 127 }
    }
}
