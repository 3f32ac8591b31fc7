// Reads the instructions of a Dockerfile: enough of the syntax for what the upstream planner writes.

struct DockerInstruction: Sendable, Equatable {
    var keyword: String
    var text: String
}

enum Dockerfile {
    /// Joins continued lines and drops comments.
    static func instructions(_ source: String) -> [DockerInstruction] {
        var instructions: [DockerInstruction] = []
        var pending = ""
        for line in source.split(separator: "\n", omittingEmptySubsequences: false) {
            let trimmed = line.drop { $0 == " " || $0 == "\t" }
            if trimmed.hasPrefix("#") || (trimmed.isEmpty && pending.isEmpty) { continue }
            if trimmed.hasSuffix("\\") {
                pending += trimmed.dropLast() + " "
                continue
            }
            let whole = pending + trimmed
            pending = ""
            let parts = whole.split(separator: " ", maxSplits: 1)
            guard let keyword = parts.first else { continue }
            instructions.append(
                DockerInstruction(
                    keyword: keyword.uppercased(), text: parts.count > 1 ? String(parts[1]) : ""))
        }
        return instructions
    }

    /// Splits at blanks outside quotes; quotes and backslashes are resolved.
    static func words(_ text: String) -> [String] {
        var words: [String] = []
        var word = ""
        var isOpen = false
        var quote: Character?
        var escaped = false
        for character in text {
            if escaped {
                word.append(character)
                escaped = false
            } else if character == "\\", quote != "'" {
                escaped = true
                isOpen = true
            } else if let open = quote {
                if character == open { quote = nil } else { word.append(character) }
            } else if character == "\"" || character == "'" {
                quote = character
                isOpen = true
            } else if character == " " || character == "\t" {
                if isOpen { words.append(word) }
                (word, isOpen) = ("", false)
            } else {
                word.append(character)
                isOpen = true
            }
        }
        if isOpen { words.append(word) }
        return words
    }
}
