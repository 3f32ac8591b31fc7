// A world by its decisions, as text: what a failing world is shrunk to and what is kept of it as a test.

/// Everything that makes a world again, whatever the control plane draws meanwhile.
public struct WorldRecord: Sendable, Equatable {
    public enum Value: Sendable, Equatable, CustomStringConvertible {
        case number(Int64)
        /// Something there is, by the name `World.name(of:)` gives it.
        case name(String)

        public var description: String {
            switch self {
            case .number(let number): "\(number)"
            case .name(let name): "=\(name)"
            }
        }

        init?(_ text: Substring) {
            if text.first == "=" {
                self = .name(String(text.dropFirst()))
            } else if let number = Int64(text) {
                self = .number(number)
            } else {
                return nil
            }
        }
    }

    /// Of the order of tasks and of new ids, which are not recorded.
    public var seed: UInt64
    /// Simulated microseconds of storm.
    public var storm: Int64
    /// The promise it broke when it was found.
    public var promise: Promise?
    /// The planted bug that breaks it again; its name as on the command line.
    public var bug: String?
    /// By label and number or moment; what is not named takes its default.
    public var decisions: [String: Value] = [:]
    /// For people: lines of comment at the start.
    public var comments: [String] = []

    public init(
        seed: UInt64, storm: Int64, promise: Promise? = nil, decisions: [String: Value] = [:]
    ) {
        self.seed = seed
        self.storm = storm
        self.promise = promise
        self.decisions = decisions
    }

    public struct Malformed: Error, CustomStringConvertible {
        public var description: String
    }

    /// Reads the form that `text` writes.
    ///
    /// - Throws: `Malformed` naming the line.
    public init(text: String) throws {
        self.init(seed: 0, storm: 0)
        for line in text.split(separator: "\n") {
            if line.hasPrefix("#") {
                comments.append(String(line.drop { $0 == "#" || $0 == " " }))
                continue
            }
            let words = line.split(separator: " ", maxSplits: 1)
            guard words.count == 2 else { throw Malformed(description: "not a decision: \(line)") }
            switch words[0] {
            case "seed": seed = UInt64(words[1]) ?? 0
            case "storm": storm = Int64(words[1]) ?? 0
            case "broke":
                guard let known = Promise(rawValue: String(words[1])) else {
                    throw Malformed(description: "no such promise: \(line)")
                }
                promise = known
            case "bug": bug = String(words[1])
            default:
                guard let value = Value(words[1]) else {
                    throw Malformed(description: "not a value: \(line)")
                }
                decisions[String(words[0])] = value
            }
        }
        guard storm > 0 else { throw Malformed(description: "no storm") }
    }

    /// One line each, sorted, so that two records can be compared.
    public var text: String {
        var lines = comments.map { "# \($0)" }
        lines += ["seed \(seed)", "storm \(storm)"]
        if let promise { lines.append("broke \(promise.rawValue)") }
        if let bug { lines.append("bug \(bug)") }
        lines += decisions.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }
        return lines.joined(separator: "\n") + "\n"
    }
}
