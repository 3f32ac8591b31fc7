// What is wrong with a config, with the key and the place in the file.

import SlipwayCore

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

    /// What every document that passes a bound is told.
    static let tooLarge = "the document is too deep or too large"

    /// Whether the document passes a bound of this server.
    var isOfSize: Bool { problems.contains { $0.message.hasPrefix(Self.tooLarge) } }
}

extension ConfigError {
    /// What the official package found, with the lines that our own reader knows.
    /// - Parameter yaml: what was read; nil for JSON.
    public init(_ rejection: ConfigRejection, yaml: String?) {
        let tree = yaml.flatMap { try? ConfigValue.yaml($0) }
        problems = rejection.problems.map { problem in
            let place = problem.path.isEmpty ? nil : tree?.nearest(problem.path)
            return ConfigProblem(
                path: Self.text(problem.path), line: problem.line ?? place?.line,
                column: problem.column ?? place?.column, message: problem.message)
        }
        if let tree, problems.allSatisfy(\.path.isEmpty) { problems += Self.misshapen(tree) }
    }

    private static func text(_ path: [String]) -> String {
        path.reduce("") { text, part in
            if Int(part) != nil { return "\(text)[\(part)]" }
            return text.isEmpty ? part : "\(text).\(part)"
        }
    }

    /// Sections that are no mappings: the package fails over them without saying where.
    private static func misshapen(_ tree: ConfigValue) -> [ConfigProblem] {
        ConfigKeys.sections.compactMap { path in
            let parts = path.split(separator: ".").map(String.init)
            guard let value = parts.reduce(ConfigValue?(tree), { $0?[$1] }) else { return nil }
            if case .mapping = value.content { return nil }
            return ConfigProblem(
                path: path, line: value.line, column: value.column,
                message: "expected a mapping, found \(ConfigReader.describe(value))")
        }
    }
}
