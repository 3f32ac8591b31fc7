// The options of every command that calls a server.

import ArgumentParser
import Foundation

struct RemoteOptions: ParsableArguments {
    @Option(
        help:
            "Name of a remote (slipway config list) or URL of a server (default: SLIPWAY_REMOTE, else the remote in use, else http://localhost:8000)."
    )
    var remote: String?
    @Option(
        help:
            "File with the API key (default: SLIPWAY_API_KEY, else the remote's, else the admin key of a server on this machine)."
    )
    var apiKeyFile: String?

    func connect() throws -> Remote {
        let choice = try RemoteChoice(
            remote: remote, keyFile: apiKeyFile, environment: ProcessInfo.processInfo.environment,
            stored: .load())
        return Remote(url: choice.url, key: try Self.key(choice.key))
    }

    /// Reaches the server that uses a data directory of this machine over its own socket, whatever its ports are.
    func connect(toServerOf directory: String) throws -> Remote {
        guard FileManager.default.fileExists(atPath: directory + "/slipway.sqlite") else {
            throw ValidationError("There is no data of a server in \(directory).")
        }
        guard let socket = LocalServer.socket(in: directory) else {
            throw CommandFailure("No server runs on \(directory): start it first.", code: .unreachable)
        }
        let environment = ProcessInfo.processInfo.environment
        let key: RemoteChoice.Key =
            apiKeyFile.map { .file($0) } ?? environment["SLIPWAY_API_KEY"].map { .value($0) }
            ?? .admin(directory: directory)
        return Remote(url: "", key: try Self.key(key), socket: socket)
    }

    private static func key(_ source: RemoteChoice.Key) throws -> String {
        switch source {
        case .value(let key): return try valid(key)
        case .file(let path): return try valid(read(path))
        case .admin(let directory): return try valid(read(directory + "/admin-api-key"))
        case .missing: throw CommandFailure.noKey("this server is not on this machine.")
        }
    }

    private static func read(_ path: String) throws -> String {
        guard let data = FileManager.default.contents(atPath: path) else {
            throw CommandFailure.noKey("\(path) cannot be read.")
        }
        return String(decoding: data, as: UTF8.self)
    }

    /// A key goes into a header: nothing else may.
    static func valid(_ text: String) throws -> String {
        let key = text.trimmingCharacters(in: .whitespacesAndNewlines)
        guard !key.isEmpty, key.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
            throw CommandFailure.noKey("what was given is none.")
        }
        return key
    }
}

/// The options of a command that shows what it got.
struct OutputOptions: ParsableArguments {
    @Option(name: .shortAndLong, help: "table, json or yaml: the last two are the API's own document.")
    var output: OutputFormat = .table

    var printer: Printer { Printer(format: output) }
}
