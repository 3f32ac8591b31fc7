// Paths that a config names. All of them mean files of the Truss itself, so none may lead out of its archive: not by
// its text, and not through a link of the archive.

import SlipwayCore

/// A path as a config gives it, with where it stood.
public struct ConfigPath: Sendable, Equatable {
    /// Dotted key, for example `data_dir`.
    public var key: String
    public var path: String
    public var line: Int?
    public var column: Int?

    /// Longer ones are no paths.
    static let maxLength = 1024

    /// Why a text is no path inside an archive; nil when it is one.
    ///
    /// Blanks and quotes are refused too: upstream writes the path into a Dockerfile as it is, where they would make
    /// one path several.
    static func problem(in path: String) -> String? {
        if path.utf8.count > maxLength { return "must not be longer than \(maxLength) bytes" }
        if path.utf8.first == slash { return "must be relative to the Truss, not absolute" }
        if pathParts(of: path).contains("..") { return "must not lead out of the Truss (\"..\")" }
        let isPlain = path.unicodeScalars.allSatisfy {
            !$0.properties.isWhitespace && $0.value >= 0x20 && $0.value != 0x7F
                && !"\"'\\".unicodeScalars.contains($0)
        }
        return isPlain ? nil : "must not hold blanks, quotes, backslashes or control characters"
    }

    /// The same problem as a push tells it.
    public func problem(_ message: String) -> ConfigProblem {
        ConfigProblem(path: key, line: line, column: column, message: message)
    }
}

extension ConfigReader {
    /// Keys of the root that name one path each.
    static let pathKeys = [
        "bundled_packages_dir", "data_dir", "examples_filename", "model_class_filename", "model_module_dir",
        "requirements_file",
    ]

    /// Every path of the config, in the order of the keys; what is no path inside an archive is a problem.
    mutating func paths(_ root: ConfigValue) -> [ConfigPath] {
        var found: [ConfigPath] = []
        for key in Self.pathKeys { take(root[key], key, &found) }
        if case .list(let items)? = root["external_package_dirs"]?.content {
            for (index, item) in items.enumerated() { take(item, "external_package_dirs[\(index)]", &found) }
            // The client copies them into the bundled packages before it packs the archive.
            if !items.isEmpty {
                warn(
                    "external_package_dirs", root["external_package_dirs"],
                    "has no effect in an archive; put the packages into the bundled packages")
            }
        }
        if case .list(let items)? = root["external_data"]?.content {
            for (index, item) in items.enumerated() {
                take(item["local_data_path"], "external_data[\(index)].local_data_path", &found)
            }
        }
        return found
    }

    private mutating func take(_ value: ConfigValue?, _ key: String, _ found: inout [ConfigPath]) {
        guard let path = string(value, key) else { return }
        if let problem = ConfigPath.problem(in: path), !Wall.configPaths.isRemoved {
            fail(key, value, problem)
        } else {
            found.append(ConfigPath(key: key, path: path, line: value?.line, column: value?.column))
        }
    }
}
