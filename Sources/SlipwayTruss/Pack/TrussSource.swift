// A Truss directory as a client packs it: which files, and the config that goes with them.

import Foundation

/// Why a directory cannot be packed.
public struct PackError: Error, Sendable, Equatable, CustomStringConvertible {
    public var description: String
    init(_ description: String) { self.description = description }
}

/// One entry of the archive to be.
public struct PackedFile: Sendable, Equatable {
    /// Relative to the root of the archive.
    public var name: String
    /// Where its content lies; nil for the config, which may differ from the file.
    public var path: String?
    public var size: Int64
    public var isExecutable: Bool
    /// Set for a symbolic link.
    public var link: String?
}

public struct TrussSource: Sendable {
    public let directory: String
    public let modelName: String?
    /// Text of `config.yaml` as it is packed.
    public let config: String
    /// By name.
    public private(set) var files: [PackedFile] = []
    /// What is left out or looks like a mistake.
    public private(set) var warnings: [String] = []

    /// Looks at every file; none is read yet.
    /// - Throws: `PackError`; `ConfigError` for a config that is no YAML.
    public init(directory: String) throws {
        self.directory = directory
        let text = try Self.configText(in: directory)
        let tree = try ConfigValue.yaml(text)
        modelName = Self.text(tree["model_name"])
        let external = try Self.externalDirectories(tree, of: directory)
        config = external.isEmpty ? text : try Self.without("external_package_dirs", text, tree)
        let packages = Self.text(tree["bundled_packages_dir"]) ?? "packages"
        let own = try Self.ownRules(directory)
        var found: [String: PackedFile] = [:]
        if external.isEmpty {
            try walk(directory, own ?? .standard, into: &found)
            try checkLinks(found)
        } else {
            // As the official client: what it gathers from is filtered by its own list, then all of it by the Truss's.
            try walk(directory, .standard, into: &found)
            for path in external { try gather(path, into: packages, &found) }
            try resolveLinks(&found)
            let rules = own ?? .standard
            found = found.filter { !rules.leavesOut(file: $0.key) }
        }
        guard found["config.yaml"] != nil else {
            throw PackError(".truss_ignore leaves config.yaml out; without it there is nothing to push.")
        }
        found["config.yaml"]?.path = nil
        found["config.yaml"]?.link = nil
        found["config.yaml"]?.size = Int64(config.utf8.count)
        files = found.values.sorted { $0.name < $1.name }
        try requirePacked(tree["requirements_file"])
        warnOfPrivateFiles()
    }

    // MARK: Config

    private static func configText(in directory: String) throws -> String {
        if let text = try? String(contentsOfFile: directory + "/config.yaml", encoding: .utf8) { return text }
        if FileManager.default.fileExists(atPath: directory + "/config.yml") {
            throw PackError("\(directory) has a config.yml; rename it to config.yaml.")
        }
        throw PackError("\(directory) is no Truss: its config.yaml cannot be read.")
    }

    private static func text(_ value: ConfigValue?) -> String? {
        if case .string(let text)? = value?.content { return text }
        return nil
    }

    private static func externalDirectories(_ tree: ConfigValue, of directory: String) throws -> [String] {
        guard case .list(let items)? = tree["external_package_dirs"]?.content else { return [] }
        return try items.compactMap(text).map { item in
            let path = item.hasPrefix("/") ? item : "\(directory)/\(item)"
            var isDirectory: ObjCBool = false
            guard FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory),
                isDirectory.boolValue
            else { throw PackError("external_package_dirs: \(item) is not a directory.") }
            return path
        }
    }

    /// The config without a key whose work is done. Lines are taken out as they are, so that what is left keeps its
    /// comments and the meaning of its YAML.
    private static func without(_ key: String, _ text: String, _ tree: ConfigValue) throws -> String {
        guard case .mapping(let members) = tree.content, let start = tree[key]?.line, tree[key]?.column == 1
        else {
            throw PackError("\(key) must stand on lines of its own in config.yaml.")
        }
        var lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        let next = members.compactMap(\.value.line).filter { $0 > start }.min() ?? lines.count + 1
        guard start <= lines.count, next > start else { return text }
        lines.removeSubrange(start - 1..<min(next - 1, lines.count))
        return lines.joined(separator: "\n")
    }

    /// Without the file it names, every build of a Truss fails.
    private func requirePacked(_ file: ConfigValue?) throws {
        guard let path = Self.text(file), !path.isEmpty else { return }
        let name = path.split(separator: "/").filter { $0 != "." }.joined(separator: "/")
        guard files.contains(where: { $0.name == name }) else {
            throw PackError("requirements_file: \(path) is not among the files that are packed.")
        }
    }

    // MARK: Files

    private static func ownRules(_ directory: String) throws -> IgnoreRules? {
        let path = directory + "/.truss_ignore"
        guard FileManager.default.fileExists(atPath: path) else { return nil }
        guard let text = try? String(contentsOfFile: path, encoding: .utf8) else {
            throw PackError(".truss_ignore cannot be read.")
        }
        return IgnoreRules(lines: text.split(whereSeparator: \.isNewline).map(String.init))
    }

    private mutating func walk(
        _ root: String, _ rules: IgnoreRules, prefix: String = "", into found: inout [String: PackedFile]
    ) throws {
        var pending = [""]
        while let directory = pending.popLast() {
            let path = directory.isEmpty ? root : "\(root)/\(directory)"
            guard let names = try? FileManager.default.contentsOfDirectory(atPath: path) else {
                throw PackError("\(path) cannot be read.")
            }
            for name in names {
                let relative = directory.isEmpty ? name : "\(directory)/\(name)"
                var status = stat()
                guard lstat("\(root)/\(relative)", &status) == 0 else { continue }
                if status.st_mode & S_IFMT == S_IFDIR {
                    if !rules.leavesOut(directory: relative) { pending.append(relative) }
                } else if !rules.leavesOut(file: relative) {
                    try add("\(root)/\(relative)", status, as: prefix + relative, &found)
                }
            }
        }
    }

    private mutating func add(
        _ path: String, _ status: stat, as name: String, _ found: inout [String: PackedFile]
    ) throws {
        var file = PackedFile(
            name: name, path: path, size: Int64(status.st_size),
            isExecutable: status.st_mode & S_IXUSR != 0)
        switch status.st_mode & S_IFMT {
        case S_IFREG: break
        case S_IFLNK:
            var target = stat()
            if stat(path, &target) == 0, target.st_mode & S_IFMT == S_IFDIR {
                warnings.append("\(name) is a link to a directory and is left out.")
                return
            }
            file.link = try FileManager.default.destinationOfSymbolicLink(atPath: path)
            file.size = 0
        default: throw PackError("\(name) is neither a file, a directory nor a link.")
        }
        found[name] = file
    }

    /// The contents of a directory go into the bundled packages, not the directory itself.
    private mutating func gather(
        _ path: String, into packages: String, _ found: inout [String: PackedFile]
    ) throws {
        for name in try FileManager.default.contentsOfDirectory(atPath: path).sorted() {
            var status = stat()
            guard stat("\(path)/\(name)", &status) == 0 else { continue }
            if status.st_mode & S_IFMT == S_IFDIR {
                try walk("\(path)/\(name)", .standard, prefix: "\(packages)/\(name)/", into: &found)
            } else {
                try add("\(path)/\(name)", status, as: "\(packages)/\(name)", &found)
            }
        }
    }

    // MARK: Links

    /// The server takes links that lead to something of the archive; others are told before anything is sent.
    private func checkLinks(_ found: [String: PackedFile]) throws {
        let root = URL(fileURLWithPath: directory).resolvingSymlinksInPath().path
        for file in found.values.sorted(by: { $0.name < $1.name }) {
            guard let link = file.link else { continue }
            guard !link.hasPrefix("/") else {
                throw PackError("\(file.name) is a link to \(link): only relative links can be packed.")
            }
            guard let pointer = realpath("\(directory)/\(file.name)", nil) else {
                throw PackError("\(file.name) is a link to \(link), which is not there.")
            }
            defer { free(pointer) }
            let target = String(cString: pointer)
            guard target.hasPrefix(root + "/") else {
                throw PackError("\(file.name) is a link to \(link), which lies outside of the Truss.")
            }
            guard found[String(target.dropFirst(root.count + 1))] != nil else {
                throw PackError("\(file.name) is a link to \(link), which is not packed.")
            }
        }
    }

    /// What is gathered is copied, and copies follow links.
    private mutating func resolveLinks(_ found: inout [String: PackedFile]) throws {
        for (name, file) in found where file.link != nil {
            var status = stat()
            guard let path = file.path, stat(path, &status) == 0 else {
                warnings.append("\(name) is a link to nothing and is left out.")
                found[name] = nil
                continue
            }
            found[name]?.link = nil
            found[name]?.size = Int64(status.st_size)
            found[name]?.isExecutable = status.st_mode & S_IXUSR != 0
        }
    }

    /// Where a Truss has a list of its own, the standard one does not count.
    private mutating func warnOfPrivateFiles() {
        let names = files.map(\.name).filter { name in
            name.split(separator: "/").contains { [".env", ".venv", ".git"].contains($0) }
        }
        guard let first = names.first else { return }
        let more = names.count > 1 ? " and \(names.count - 1) more" : ""
        warnings.append("\(first)\(more) is packed; add it to .truss_ignore if it is not meant to be.")
    }

    // MARK: The archive

    /// Writes the archive; a file that is there is replaced.
    public func pack(to path: String) throws {
        let writer = try TarWriter(path: path)
        for file in files {
            let entry = TarEntry(
                name: file.name, kind: file.link.map { .symbolicLink($0) } ?? .file, size: file.size,
                isExecutable: file.isExecutable)
            if file.link != nil {
                try writer.add(entry)
                continue
            }
            try writer.beginFile(entry)
            if let path = file.path {
                try Self.copy(path, file, to: writer)
            } else {
                try writer.write(Data(config.utf8))
            }
            try writer.endFile(size: file.size)
        }
        try writer.finish()
    }

    private static func copy(_ path: String, _ file: PackedFile, to writer: TarWriter) throws {
        guard let handle = FileHandle(forReadingAtPath: path) else {
            throw PackError("\(file.name) cannot be read.")
        }
        defer { try? handle.close() }
        var left = file.size
        while left > 0 {
            guard let data = try handle.read(upToCount: Int(min(left, 1 << 20))), !data.isEmpty else {
                throw PackError("\(file.name) became shorter while it was packed.")
            }
            try writer.write(data)
            left -= Int64(data.count)
        }
    }
}
