// What a line of requirements may ask the installer for. Packages and where to get them: yes. Options that read files
// or change where things go: no, they would act on the machine that builds.

import Foundation
import SlipwayCore

enum RequirementLine {
    /// Options with the number of values they take.
    private static let options: [String: Int] = [
        "-i": 1, "--index-url": 1, "--extra-index-url": 1, "-f": 1, "--find-links": 1, "--no-index": 0,
        "--trusted-host": 1, "--no-binary": 1, "--only-binary": 1, "--prefer-binary": 0, "--pre": 0,
        "--require-hashes": 0,
    ]
    /// Of them, those whose value is the address of an index.
    private static let indexOptions: Set<String> = [
        "-i", "--index-url", "--extra-index-url", "-f", "--find-links",
    ]
    private static let schemes: Set<String> = [
        "http", "https", "git+http", "git+https", "git+ssh", "git+git", "hg+http", "hg+https", "hg+ssh",
        "svn+http",
        "svn+https", "svn+ssh", "bzr+http", "bzr+https",
    ]

    /// Why a line is refused; nil when it is not. Never tells more of the line than the name of an option: a line may
    /// hold the password of an index.
    /// - Parameter line: a whole line, continuations joined.
    static func problem(in line: String) -> String? {
        if Wall.requirementOptions.isRemoved { return nil }
        if line.unicodeScalars.contains(where: isBreak) { return "holds a line break or a control character" }
        let text = withoutComment(line).trimmingCharacters(in: .whitespaces)
        if text.isEmpty { return nil }
        if text.hasSuffix("\\") { return "must not continue on another line" }
        let words = text.split(whereSeparator: \.isWhitespace).map(String.init)
        return words[0].hasPrefix("-") ? problem(inOptions: words) : problem(inRequirement: text, words)
    }

    /// Whether some reader of requirement files takes it for the end of a line, or no text has it.
    private static func isBreak(_ scalar: Unicode.Scalar) -> Bool {
        scalar != "\t" && scalar.value < 0x20 || [0x7F, 0x85, 0x2028, 0x2029].contains(scalar.value)
    }

    private static func withoutComment(_ line: String) -> Substring {
        if line.drop(while: \.isWhitespace).hasPrefix("#") { return "" }
        var before: Character = "x"
        for (index, character) in zip(line.indices, line) {
            if character == "#", before.isWhitespace { return line[..<index] }
            before = character
        }
        return line[...]
    }

    // MARK: Options

    private static func problem(inOptions words: [String]) -> String? {
        var rest = words[...]
        while let word = rest.popFirst() {
            guard word.hasPrefix("-") else { return "has something after an option that is no value of it" }
            let (name, attached) = option(word)
            guard let count = options[name] else { return "the option \(name) is not allowed" }
            if count == 0 {
                if attached != nil { return "the option \(name) takes no value" }
                continue
            }
            guard let value = attached ?? rest.popFirst() else { return "the option \(name) lacks its value" }
            let isAddress =
                value.lowercased().hasPrefix("https://") || value.lowercased().hasPrefix("http://")
            if indexOptions.contains(name), !isAddress {
                return "the option \(name) takes an http or https address only"
            }
        }
        return nil
    }

    /// `--name=value` and `-xvalue` hold their value.
    private static func option(_ word: String) -> (name: String, value: String?) {
        if word.hasPrefix("--") {
            guard let equals = word.firstIndex(of: "=") else { return (printable(word), nil) }
            return (printable(String(word[..<equals])), String(word[word.index(after: equals)...]))
        }
        let value = word.dropFirst(2).drop { $0 == "=" }
        return (printable(String(word.prefix(2))), value.isEmpty ? nil : String(value))
    }

    private static func printable(_ name: String) -> String { String(name.prefix(40)) }

    // MARK: Requirements

    private static func problem(inRequirement text: String, _ words: [String]) -> String? {
        var rest = words.dropFirst()
        while let word = rest.popFirst() {
            guard word.hasPrefix("-") else { continue }
            let (name, attached) = option(word)
            guard name == "--hash" else { return "the option \(name) is not allowed after a requirement" }
            if attached == nil { rest = rest.dropFirst() }
        }
        let end = words.dropFirst().first { $0.hasPrefix("--hash") }.flatMap { text.range(of: $0) }?
            .lowerBound
        var bare = Scanner(text[..<(end ?? text.endIndex)].trimmingCharacters(in: .whitespaces))
        let address: Substring
        if bare.takeName() {
            if bare.take("@") {
                address = bare.rest
            } else if bare.isVersions {
                return nil
            } else {
                address = bare.whole
            }
        } else {
            address = bare.whole
        }
        guard let colon = address.firstIndex(of: ":"), address[..<colon].allSatisfy(isOfScheme) else {
            return "is neither the name of a package nor an address; paths of files cannot be installed"
        }
        let scheme = address[..<colon].lowercased()
        guard schemes.contains(scheme), address[colon...].hasPrefix("://") else {
            return "addresses of the kind \"\(scheme.prefix(20)):\" cannot be installed"
        }
        return nil
    }

    private static func isOfScheme(_ character: Character) -> Bool {
        character.isASCII && (character.isLetter || character.isNumber || "+.-".contains(character))
    }

    /// Reads from the front in one go: no pattern that a long line could keep busy.
    private struct Scanner {
        let whole: Substring
        private(set) var rest: Substring

        init(_ text: String) {
            whole = text[...]
            rest = whole
        }

        /// A name and its extras.
        mutating func takeName() -> Bool {
            guard let first = rest.first, Self.isOfName(first), first.isLetter || first.isNumber else {
                return false
            }
            rest = rest.drop(while: Self.isOfName)
            if take("[") {
                guard let end = rest.firstIndex(of: "]"),
                    rest[..<end].allSatisfy({ Self.isOfName($0) || $0 == "," || $0.isWhitespace })
                else { return false }
                rest = rest[rest.index(after: end)...]
            }
            skipBlanks()
            return true
        }

        /// Whether what is left is versions and a marker, or nothing.
        var isVersions: Bool {
            var versions = rest.prefix { $0 != ";" }
            while versions.last?.isWhitespace == true { versions.removeLast() }
            if versions.first == "(", versions.last == ")" { versions = versions.dropFirst().dropLast() }
            guard let first = versions.first else { return true }
            return "<>=!~".contains(first)
                && versions.allSatisfy { Self.isOfName($0) || $0.isWhitespace || "<>=!~,*+".contains($0) }
        }

        mutating func take(_ character: Character) -> Bool {
            skipBlanks()
            guard rest.first == character else { return false }
            rest.removeFirst()
            skipBlanks()
            return true
        }

        private mutating func skipBlanks() { rest = rest.drop(while: \.isWhitespace) }

        private static func isOfName(_ character: Character) -> Bool {
            character.isASCII && (character.isLetter || character.isNumber || "._-".contains(character))
        }
    }
}
