// What the official package makes of a config. An engine that has the package reads configs with it, so that a push is
// told the same as its build will be.

/// A config as it was sent.
public enum ConfigText: Sendable, Hashable {
    case yaml(String)
    case json(String)
}

/// A config that the official package takes.
public struct ConfigReading: Sendable, Equatable {
    /// What differs from the defaults, as a JSON object with upstream's key names.
    public var json: String
    /// Whether the config names a `python_version` itself.
    public var namesPythonVersion: Bool
    /// The package's own warnings.
    public var warnings: [String]

    public init(json: String, namesPythonVersion: Bool, warnings: [String] = []) {
        self.json = json
        self.namesPythonVersion = namesPythonVersion
        self.warnings = warnings
    }
}

/// A config that the official package refuses.
public struct ConfigRejection: Error, Sendable, Equatable {
    public struct Problem: Sendable, Equatable, Codable {
        /// Keys and indexes from the root on; empty for the document itself.
        public var path: [String]
        /// From 1, where the package says it.
        public var line: Int?
        public var column: Int?
        public var message: String

        public init(path: [String], line: Int? = nil, column: Int? = nil, message: String) {
            self.path = path
            self.line = line
            self.column = column
            self.message = message
        }
    }

    public var problems: [Problem]

    public init(problems: [Problem]) { self.problems = problems }
}
