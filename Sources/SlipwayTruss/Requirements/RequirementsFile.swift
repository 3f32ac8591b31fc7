// A requirements file, line by line.

import Foundation

public struct RequirementsFile: Sendable {
    /// What cannot be taken, with the line it begins at.
    public struct Problem: Sendable, Equatable {
        public var line: Int
        public var message: String
    }

    private let lines: [(number: Int, text: String)]

    public init(_ text: String) {
        var lines: [(number: Int, text: String)] = []
        var pending: (number: Int, text: String)?
        let normal = text.replacing("\r\n", with: "\n")
        for (index, line) in normal.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            var whole = pending ?? (index + 1, "")
            // A comment ends with its line, whatever its last character is.
            if line.hasSuffix("\\"), !line.drop(while: \.isWhitespace).hasPrefix("#") {
                whole.text += line.dropLast() + " "
                pending = whole
            } else {
                whole.text += line
                lines.append(whole)
                pending = nil
            }
        }
        if let pending { lines.append(pending) }
        self.lines = lines
    }

    public var problems: [Problem] {
        lines.compactMap { number, text in
            RequirementLine.problem(in: text).map { Problem(line: number, message: $0) }
        }
    }

    /// Whether it names packages only: what they are is decided by the machine's own index alone.
    public var namesPackagesOnly: Bool {
        lines.allSatisfy { _, text in
            let text = text.trimmingCharacters(in: .whitespaces)
            return !text.hasPrefix("-") && !text.contains("://") && !text.contains("@")
        }
    }

    /// Whether a file of this name holds lines of requirements; others are in formats of uv.
    public static func isOne(_ path: String) -> Bool {
        let name = pathParts(of: path).last
        return name != "uv.lock" && name != "pyproject.toml"
    }
}
