// What is wrong with a config, with the key and the place in the file.

public struct ConfigProblem: Sendable, Equatable, CustomStringConvertible {
    /// Dotted path of the key, for example `resources.memory`; empty for the document itself.
    public var path: String
    /// From 1; nil for a config that came as JSON.
    public var line: Int?
    public var column: Int?
    public var message: String

    public init(path: String, line: Int? = nil, column: Int? = nil, message: String) {
        self.path = path
        self.line = line
        self.column = column
        self.message = message
    }

    public var description: String {
        let place = line.map { " (line \($0)\(column.map { ", column \($0)" } ?? ""))" } ?? ""
        return path.isEmpty ? "\(message)\(place)" : "\(path)\(place): \(message)"
    }
}

/// A config that cannot be used; every problem found, in the order of the file.
public struct ConfigError: Error, Sendable, Equatable, CustomStringConvertible {
    public var problems: [ConfigProblem]

    public init(_ problems: [ConfigProblem]) { self.problems = problems }

    public var description: String { problems.map(\.description).joined(separator: "; ") }
}
