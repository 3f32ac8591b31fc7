// Which files of a directory are left out of an archive, by gitignore's rules as the official client reads them.

/// The lines of a `.truss_ignore`.
public struct IgnoreRules: Sendable {
    private var rules: [Rule] = []

    public init(lines: [String]) { rules = lines.compactMap(Rule.init) }

    /// Whether a file is left out. A directory that is left out takes what is in it with it.
    /// - Parameter path: relative to the root, with `/`.
    public func leavesOut(file path: String) -> Bool {
        let parts = path.split(separator: "/").map { Array($0.unicodeScalars) }
        for length in 1..<max(1, parts.count) where isLeftOut(directory: parts[..<length]) { return true }
        return matches(parts[...], isDirectory: false)
    }

    /// The same for a directory alone.
    public func leavesOut(directory path: String) -> Bool {
        isLeftOut(directory: path.split(separator: "/").map { Array($0.unicodeScalars) }[...])
    }

    private func isLeftOut(directory parts: ArraySlice<[UnicodeScalar]>) -> Bool {
        matches(parts, isDirectory: false) || matches(parts, isDirectory: true)
    }

    /// The last rule that says anything counts.
    private func matches(_ parts: ArraySlice<[UnicodeScalar]>, isDirectory: Bool) -> Bool {
        rules.last { $0.matches(parts, isDirectory: isDirectory) }.map { !$0.isNegated } ?? false
    }
}

/// One line: segments between slashes, of which `**` stands for any number.
private struct Rule: Sendable {
    private enum Segment: Sendable, Equatable {
        case any
        case glob(Glob)
    }

    var isNegated = false
    private var segments: [Segment] = []

    /// nil for a comment, a blank line, or one that says nothing.
    init?(_ line: String) {
        var text = Array(line.unicodeScalars)
        while let last = text.last, last.properties.isWhitespace, text.dropLast().last != "\\" {
            text.removeLast()
        }
        while let first = text.first, first.properties.isWhitespace { text.removeFirst() }
        guard let first = text.first, first != "#", text != ["/"] else { return nil }
        if first == "!" {
            isNegated = true
            text.removeFirst()
        }
        var parts = text.split(separator: "/", omittingEmptySubsequences: false).map { Array($0) }
        let isOneName = parts.count == 1 || parts.count == 2 && parts[1].isEmpty
        if parts.first?.isEmpty == true {
            parts.removeFirst()
        } else if isOneName, parts.first != ["*", "*"] {
            // A name alone is meant at any depth.
            parts.insert(["*", "*"], at: 0)
        }
        guard !parts.isEmpty else { return nil }
        if parts.last?.isEmpty == true { parts[parts.count - 1] = ["*", "*"] }
        for part in parts {
            if part == ["*", "*"] {
                if segments.last != .any { segments.append(.any) }
            } else {
                guard let glob = Glob(part) else { return nil }
                segments.append(.glob(glob))
            }
        }
        if segments == [.any], text.last == "/" { segments = [.any, .glob(.everything), .any] }
    }

    func matches(_ parts: ArraySlice<[UnicodeScalar]>, isDirectory: Bool) -> Bool {
        if segments == [.any] { return !parts.isEmpty }
        return matches(segments[...], parts, isDirectory: isDirectory, isFirst: true)
    }

    private func matches(
        _ segments: ArraySlice<Segment>, _ parts: ArraySlice<[UnicodeScalar]>, isDirectory: Bool,
        isFirst: Bool
    ) -> Bool {
        // What lies below a match is matched too.
        guard let segment = segments.first else { return true }
        let rest = segments.dropFirst()
        switch segment {
        case .any where rest.isEmpty && !isFirst:
            // The name before it must be a directory's.
            return !parts.isEmpty || isDirectory
        case .any:
            for start in parts.indices
            where matches(rest, parts[start...], isDirectory: isDirectory, isFirst: false) {
                return true
            }
            return false
        case .glob(let glob):
            guard let part = parts.first, glob.matches(part[...]) else { return false }
            return matches(rest, parts.dropFirst(), isDirectory: isDirectory, isFirst: false)
        }
    }
}

/// A pattern for one name.
private struct Glob: Sendable, Equatable {
    private enum Token: Sendable, Equatable {
        case one(UnicodeScalar)
        case anyOne
        case anyNumber
        case set([ClosedRange<UnicodeScalar>], isNegated: Bool)
    }

    private var tokens: [Token] = []

    /// Any name there can be.
    static let everything = Glob(tokens: [.anyOne, .anyNumber])

    private init(tokens: [Token]) { self.tokens = tokens }

    /// nil for a set that is not closed, and for an escape of nothing: such lines match nothing.
    init?(_ text: [UnicodeScalar]) {
        var index = 0
        while index < text.count {
            let character = text[index]
            index += 1
            switch character {
            case "\\":
                guard index < text.count else { return nil }
                tokens.append(.one(text[index]))
                index += 1
            case "*": tokens.append(.anyNumber)
            case "?": tokens.append(.anyOne)
            case "[":
                guard let token = Self.set(text, &index) else { return nil }
                tokens.append(token)
            default: tokens.append(.one(character))
            }
        }
        if tokens == [.anyNumber] { self = .everything }
    }

    private static func set(_ text: [UnicodeScalar], _ index: inout Int) -> Token? {
        var isNegated = false
        if index < text.count, text[index] == "!" || text[index] == "^" {
            isNegated = true
            index += 1
        }
        // A bracket that comes first is one of the set.
        var end = index + 1
        while end < text.count, text[end] != "]" { end += 1 }
        guard end < text.count else { return nil }
        var ranges: [ClosedRange<UnicodeScalar>] = []
        while index < end {
            let low = text[index]
            if index + 2 < end, text[index + 1] == "-" {
                guard low <= text[index + 2] else { return nil }
                ranges.append(low...text[index + 2])
                index += 3
            } else {
                ranges.append(low...low)
                index += 1
            }
        }
        index = end + 1
        return .set(ranges, isNegated: isNegated)
    }

    /// By going back to the last star only, so that no pattern takes long.
    func matches(_ name: ArraySlice<UnicodeScalar>) -> Bool {
        var (token, place) = (0, name.startIndex)
        var star: (token: Int, place: Int)?
        while place < name.endIndex {
            if token < tokens.count, tokens[token] == .anyNumber {
                star = (token, place)
                token += 1
            } else if token < tokens.count, Self.takes(tokens[token], name[place]) {
                token += 1
                place += 1
            } else if let last = star {
                star = (last.token, last.place + 1)
                (token, place) = (last.token + 1, last.place + 1)
            } else {
                return false
            }
        }
        return tokens[token...].allSatisfy { $0 == .anyNumber }
    }

    private static func takes(_ token: Token, _ character: UnicodeScalar) -> Bool {
        switch token {
        case .one(let wanted): wanted == character
        case .anyOne: true
        case .anyNumber: false
        case .set(let ranges, let isNegated): ranges.contains { $0.contains(character) } != isNegated
        }
    }
}

extension IgnoreRules {
    /// What the official client leaves out where a Truss has no `.truss_ignore`.
    public static let standard = IgnoreRules(
        lines: """
            __pycache__/ *.py[cod] *$py.class *.so .Python build/ develop-eggs/ dist/ downloads/ eggs/ .eggs/ lib/
            lib64/ parts/ sdist/ var/ wheels/ share/python-wheels/ *.egg-info/ .installed.cfg *.egg MANIFEST .DS_Store
            *.manifest *.spec pip-log.txt pip-delete-this-directory.txt htmlcov/ .tox/ .nox/ .coverage .coverage.*
            .cache nosetests.xml coverage.xml *.cover *.py,cover .hypothesis/ .pytest_cache/ cover/ *.mo *.pot *.log
            local_settings.py db.sqlite3 db.sqlite3-journal instance/ .webassets-cache .scrapy docs/_build/
            .pybuilder/ target/ .ipynb_checkpoints profile_default/ ipython_config.py .pdm.toml __pypackages__/
            celerybeat-schedule celerybeat.pid *.sage.py .env .venv env/ venv/ ENV/ env.bak/ venv.bak/
            .spyderproject .spyproject .ropeproject .mypy_cache/ .dmypy.json dmypy.json .ruff_cache/ .pyre/ .pytype/
            cython_debug/ .git *.tmp *.swp
            """.split(whereSeparator: \.isWhitespace).map(String.init))
}
