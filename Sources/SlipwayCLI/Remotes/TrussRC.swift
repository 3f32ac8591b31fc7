// The official client's file of remotes, `~/.trussrc`: an INI file whose other sections stay as they are.

import Foundation

enum TrussRC {
    static var path: String { LocalServer.home + "/.trussrc" }

    static func write(_ remote: StoredRemote, named name: String) throws {
        let old = FileManager.default.contents(atPath: path)
        if old == nil, FileManager.default.fileExists(atPath: path) {
            throw CommandFailure("\(path) cannot be read.")
        }
        let text = old.map { String(decoding: $0, as: UTF8.self) } ?? ""
        try PrivateFile.write(replacing(name, with: remote, in: text), to: path)
    }

    /// The text with one section new.
    static func replacing(_ name: String, with remote: StoredRemote, in text: String) -> String {
        var kept: [Substring] = []
        var inside = false
        for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
            let trimmed = line.trimmingCharacters(in: .whitespaces)
            if trimmed.hasPrefix("[") { inside = trimmed.hasPrefix("[\(name)]") }
            if !inside { kept.append(line) }
        }
        while kept.last?.allSatisfy(\.isWhitespace) == true { kept.removeLast() }
        let section = """
            [\(name)]
            remote_provider = baseten
            api_key = \(remote.apiKey)
            remote_url = \(remote.url)

            """
        return (kept.isEmpty ? "" : kept.joined(separator: "\n") + "\n\n") + section
    }
}
