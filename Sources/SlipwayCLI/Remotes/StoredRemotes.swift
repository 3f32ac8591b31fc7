// Servers that `slipway login` knows, in `~/.config/slipway/config.yaml`.

import Foundation
import Yams

/// One server and the key for it.
struct StoredRemote: Codable, Equatable, Sendable {
    var url: String
    var apiKey: String

    enum CodingKeys: String, CodingKey {
        case url
        case apiKey = "api_key"
    }
}

struct StoredRemotes: Codable, Equatable, Sendable {
    /// The one that is used when none is named.
    var current: String?
    var remotes: [String: StoredRemote] = [:]

    init(current: String? = nil, remotes: [String: StoredRemote] = [:]) {
        self.current = current
        self.remotes = remotes
    }

    init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        current = try container.decodeIfPresent(String.self, forKey: .current)
        remotes = try container.decodeIfPresent([String: StoredRemote].self, forKey: .remotes) ?? [:]
    }

    /// - Throws: `CommandFailure` that lists names like it.
    func named(_ name: String) throws -> StoredRemote {
        guard let remote = remotes[name] else {
            throw CommandFailure(
                "There is no remote \(name.printable()).\(NearNames.hint(for: name, among: remotes.keys.sorted()))",
                hint: "`slipway login NAME --url URL` adds one, `slipway config list` shows them.",
                code: .notFound)
        }
        return remote
    }

    /// Letters, digits and `._-`: a name is a key of YAML, a section of an INI file and an argument.
    static func isName(_ name: String) -> Bool {
        !name.isEmpty && name.count <= 64 && !name.hasPrefix("-")
            && name.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber) || "._-".contains($0) }
    }
}

// MARK: The file

extension StoredRemotes {
    /// `XDG_CONFIG_HOME` is honoured.
    static func path(_ environment: [String: String] = ProcessInfo.processInfo.environment) -> String {
        let base = environment["XDG_CONFIG_HOME"].flatMap { $0.hasPrefix("/") ? $0 : nil }
        return (base ?? LocalServer.home + "/.config") + "/slipway/config.yaml"
    }

    static func load(from path: String = path()) throws -> StoredRemotes {
        guard FileManager.default.fileExists(atPath: path) else { return StoredRemotes() }
        guard let data = FileManager.default.contents(atPath: path) else {
            throw CommandFailure("\(path) cannot be read.")
        }
        if data.isEmpty { return StoredRemotes() }
        do {
            try refuseUnknownKeys(data, path)
            return try YAMLDecoder().decode(StoredRemotes.self, from: data)
        } catch let failure as CommandFailure {
            throw failure
        } catch {
            // The error may quote the file, and so a key.
            throw CommandFailure(
                "\(path) is not a list of remotes.", hint: "Correct it, or remove it and log in again.")
        }
    }

    /// A misspelt key would be ignored, and lost with the next login.
    private static func refuseUnknownKeys(_ data: Data, _ path: String) throws {
        guard let file = try Yams.compose(yaml: String(decoding: data, as: UTF8.self))?.mapping else {
            return
        }
        try refuse(file, but: ["current", "remotes"], path)
        for remote in file["remotes"]?.mapping?.values.compactMap(\.mapping) ?? [] {
            try refuse(remote, but: ["url", "api_key"], path)
        }
    }

    private static func refuse(_ mapping: Node.Mapping, but known: [String], _ path: String) throws {
        for key in mapping.keys.map({ $0.string ?? "" }) where !known.contains(key) {
            throw CommandFailure(
                "\(path) has a key that means nothing: \(key.truncated(to: 40)).\(NearNames.hint(for: key, among: known))",
                hint: "Correct it, or remove it and log in again.")
        }
    }

    func save(to path: String = path()) throws {
        try PrivateFile.write(YAMLEncoder().encode(self), to: path)
    }
}

/// Files that no other user may read.
enum PrivateFile {
    /// Replaces a file as a whole; a link is followed, so that a linked settings file stays one.
    static func write(_ text: String, to path: String) throws {
        let path = URL(fileURLWithPath: path).resolvingSymlinksInPath().path
        let directory = NSString(string: path).deletingLastPathComponent
        do {
            try FileManager.default.createDirectory(
                atPath: directory, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        } catch {
            throw CommandFailure("\(directory) cannot be made.")
        }
        let new = "\(path).\(getpid()).new"
        let descriptor = open(new, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw CommandFailure("\(new) cannot be written.") }
        let handle = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
        do {
            try handle.write(contentsOf: Data(text.utf8))
            try handle.synchronize()
        } catch {
            unlink(new)
            throw CommandFailure("\(new) cannot be written.")
        }
        guard rename(new, path) == 0 else {
            unlink(new)
            throw CommandFailure("\(path) cannot be replaced.")
        }
    }
}
