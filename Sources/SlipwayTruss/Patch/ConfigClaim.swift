// What an operation of a patch says of the next config. The config is what is carried out, so both have to say the same: an
// operation that changes nothing there would be taken in silence.

import Foundation

public enum ConfigClaim: Sendable, Equatable {
    /// An environment variable has this value, or is gone.
    case variable(name: String, value: String?)
    /// This line is required.
    case required(String)
    /// No line requires the package of this name.
    case notRequired(String)

    /// - Parameter place: names the operation in problems.
    static func read(
        _ body: [String: Any], ofType type: String, at place: String
    ) throws(PatchProblem) -> [ConfigClaim] {
        if type == "config" {
            guard body["config"] is [String: Any] else {
                throw PatchProblem("\(place).body.config: expected an object")
            }
            return []
        }
        guard let action = body["action"] as? String, ["ADD", "UPDATE", "REMOVE"].contains(action) else {
            throw PatchProblem("\(place).body.action: expected ADD, UPDATE or REMOVE")
        }
        let isRemoved = action == "REMOVE"
        if type == "python_requirement" {
            guard let line = body["requirement"] as? String else {
                throw PatchProblem("\(place).body.requirement: expected a string")
            }
            return [isRemoved ? .notRequired(line) : .required(line)]
        }
        // The official client sends an object with one member, the REST API a name and a value.
        if let item = body["item"] as? [String: Any] {
            if item.isEmpty { throw PatchProblem("\(place).body.item: it names no variable") }
            return item.sorted { $0.key < $1.key }
                .map { .variable(name: $0.key, value: isRemoved ? nil : text($0.value)) }
        }
        guard let name = body["name"] as? String else {
            throw PatchProblem("\(place).body.name: expected a string")
        }
        if isRemoved { return [.variable(name: name, value: nil)] }
        guard let value = body["value"] as? String else {
            throw PatchProblem("\(place).body.value: expected a string")
        }
        return [.variable(name: name, value: value)]
    }

    /// - Parameters:
    ///   - config: members of the next config.
    ///   - lines: of the next requirements file.
    /// - Returns: how they differ from what is claimed; nil when they do not.
    func problem(in config: [String: Any], lines: [String]) -> String? {
        switch self {
        case .variable(let name, let value):
            let found = (config["environment_variables"] as? [String: Any])?[name].map(Self.text)
            if found == value { return nil }
            return value == nil
                ? "environment variable \(name): an operation removes it, and the next config has it"
                : "environment variable \(name): an operation sets it, and the next config has another value or none"
        case .required(let line):
            let all = lines + (config["requirements"] as? [Any] ?? []).map(Self.text)
            if all.contains(where: { Self.plain($0) == Self.plain(line) }) { return nil }
            return "requirement \(line): an operation adds it, and the next state does not require it"
        case .notRequired(let name):
            let all = lines + (config["requirements"] as? [Any] ?? []).map(Self.text)
            guard all.contains(where: { Self.name(of: $0) == Self.name(of: name) }) else { return nil }
            return "requirement \(name): an operation removes it, and the next state requires it"
        }
    }

    /// A value of a config as it reads in an environment: YAML has numbers and truth values too.
    private static func text(_ value: Any) -> String {
        if let text = value as? String { return text }
        let data = try? JSONSerialization.data(
            withJSONObject: value, options: [.fragmentsAllowed, .sortedKeys])
        return data.map { String(decoding: $0, as: UTF8.self) } ?? ""
    }

    private static func plain(_ line: String) -> String { line.filter { !$0.isWhitespace } }

    /// The name that a line begins with, as packages are compared; a line that begins with none as it is.
    private static func name(of line: String) -> String {
        let line = plain(line)
        let name = line.prefix { $0.isASCII && ($0.isLetter || $0.isNumber || "._-".contains($0)) }
        let rest = line.dropFirst(name.count).first
        guard !name.isEmpty, rest.map({ "=<>!~[;@".contains($0) }) ?? true else { return line }
        return name.lowercased().split { "._-".contains($0) }.joined(separator: "-")
    }
}
