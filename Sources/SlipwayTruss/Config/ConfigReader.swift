// Takes typed values out of a config tree and collects what is wrong instead of stopping at the first problem.

import SlipwayCore

struct ConfigReader {
    private(set) var problems: [ConfigProblem] = []
    private(set) var warnings: [ConfigProblem] = []

    mutating func fail(_ path: String, _ value: ConfigValue?, _ message: String) {
        problems.append(ConfigProblem(path: path, line: value?.line, column: value?.column, message: message))
    }

    mutating func warn(_ path: String, _ value: ConfigValue?, _ message: String) {
        warnings.append(ConfigProblem(path: path, line: value?.line, column: value?.column, message: message))
    }

    mutating func string(_ value: ConfigValue?, _ path: String) -> String? {
        switch value?.content {
        case nil, .null: return nil
        case .string(let text): return text
        default:
            fail(path, value, "expected text, found \(Self.describe(value))")
            return nil
        }
    }

    /// Text, or a number written without quotes (`cpu: 1`).
    mutating func stringOrNumber(_ value: ConfigValue?, _ path: String) -> String? {
        switch value?.content {
        case .int(let number): return String(number)
        case .double(let number): return String(number)
        default: return string(value, path)
        }
    }

    mutating func int(_ value: ConfigValue?, _ path: String, in range: ClosedRange<Int>) -> Int? {
        switch value?.content {
        case nil, .null: return nil
        case .int(let number) where range.contains(number): return number
        case .int(let number):
            fail(path, value, "must be from \(range.lowerBound) to \(range.upperBound), not \(number)")
        default: fail(path, value, "expected a whole number, found \(Self.describe(value))")
        }
        return nil
    }

    mutating func bool(_ value: ConfigValue?, _ path: String) -> Bool? {
        switch value?.content {
        case nil, .null: return nil
        case .bool(let value): return value
        default:
            fail(path, value, "expected true or false, found \(Self.describe(value))")
            return nil
        }
    }

    mutating func strings(_ value: ConfigValue?, _ path: String) -> [String] {
        switch value?.content {
        case nil, .null: return []
        case .list(let items):
            var texts: [String] = []
            for (index, item) in items.enumerated() {
                if let text = string(item, "\(path)[\(index)]") { texts.append(text) }
            }
            return texts
        default:
            fail(path, value, "expected a list of texts, found \(Self.describe(value))")
            return []
        }
    }

    /// Each entry is one line for the installer; see `RequirementLine`.
    mutating func checkRequirements(_ value: ConfigValue?) {
        guard case .list(let items)? = value?.content else { return }
        for (index, item) in items.enumerated() {
            guard case .string(let text) = item.content, let problem = RequirementLine.problem(in: text)
            else {
                continue
            }
            fail("requirements[\(index)]", item, problem)
        }
    }

    mutating func mapping(_ value: ConfigValue?, _ path: String) -> [(key: String, value: ConfigValue)] {
        switch value?.content {
        case nil, .null: return []
        case .mapping(let members): return members
        default:
            fail(path, value, "expected a mapping, found \(Self.describe(value))")
            return []
        }
    }

    static func describe(_ value: ConfigValue?) -> String {
        switch value?.content {
        case nil, .null: "nothing"
        case .bool(let value): "\(value)"
        case .int(let value): "the number \(value)"
        case .double(let value): "the number \(value)"
        case .string(let text): "\"\(text.prefix(60))\""
        case .list: "a list"
        case .mapping: "a mapping"
        }
    }

    /// Levenshtein's distance.
    static func distance(_ left: String, _ right: String) -> Int {
        let (left, right) = (Array(left), Array(right))
        if abs(left.count - right.count) > 2 { return 3 }
        var row = Array(0...right.count)
        for (i, a) in left.enumerated() {
            var next = [i + 1]
            for (j, b) in right.enumerated() {
                next.append(min(row[j + 1] + 1, next[j] + 1, row[j] + (a == b ? 0 : 1)))
            }
            row = next
        }
        return row[right.count]
    }
}
