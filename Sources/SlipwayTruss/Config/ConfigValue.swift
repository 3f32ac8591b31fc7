// A config as a tree that remembers where each value stood; made from YAML or JSON.

import Foundation
import Yams

struct ConfigValue: Sendable {
    indirect enum Content: Sendable {
        case null
        case bool(Bool)
        case int(Int)
        case double(Double)
        case string(String)
        case list([ConfigValue])
        case mapping([(key: String, value: ConfigValue)])
    }

    var content: Content
    var line: Int?
    var column: Int?

    /// Deeper documents are no configs.
    static let deepest = 32
    static let largestText = 1 << 20

    // MARK: YAML

    static func yaml(_ text: String) throws(ConfigError) -> ConfigValue {
        guard text.utf8.count <= largestText else {
            throw ConfigError([
                ConfigProblem(path: "", message: ConfigError.tooLarge + ": more than \(largestText) bytes")
            ])
        }
        return try YAMLReader.read(text)
    }

    static func scalar(_ node: Node) -> Content {
        if node.tag == Tag(.null) || node.null != nil { return .null }
        if let bool = node.bool { return .bool(bool) }
        // Numbers to the base of 60 overflow inside Yams when they are long.
        if let text = node.scalar?.string, text.utf8.count > 18, text.utf8.contains(58) {
            return .string(text)
        }
        if let int = node.int { return .int(int) }
        if let double = node.float { return .double(double) }
        return .string(node.scalar?.string ?? "")
    }

    // MARK: JSON

    static func json(_ text: String) throws(ConfigError) -> ConfigValue {
        guard text.utf8.count <= largestText,
            let object = try? JSONSerialization.jsonObject(with: Data(text.utf8))
        else { throw ConfigError([ConfigProblem(path: "", message: "the config is not valid JSON")]) }
        return value(object, depth: 0)
    }

    private static func value(_ object: Any, depth: Int) -> ConfigValue {
        if depth > deepest { return ConfigValue(content: .null) }
        switch object {
        case let number as NSNumber where CFBooleanLike.isBoolean(number):
            return ConfigValue(content: .bool(number.boolValue))
        case let int as Int: return ConfigValue(content: .int(int))
        case let double as Double: return ConfigValue(content: .double(double))
        case let string as String: return ConfigValue(content: .string(string))
        case let list as [Any]: return ConfigValue(content: .list(list.map { value($0, depth: depth + 1) }))
        case let mapping as [String: Any]:
            return ConfigValue(
                content: .mapping(
                    mapping.sorted { $0.key < $1.key }.map { ($0.key, value($0.value, depth: depth + 1)) }))
        default: return ConfigValue(content: .null)
        }
    }

    /// For `JSONSerialization`.
    var plain: Any {
        switch content {
        case .null: NSNull()
        case .bool(let value): value
        case .int(let value): value
        case .double(let value): value.isFinite ? value : NSNull()
        case .string(let value): value
        case .list(let items): items.map(\.plain)
        case .mapping(let members):
            Dictionary(members.map { ($0.key, $0.value.plain) }, uniquingKeysWith: { $1 })
        }
    }

    /// The same values with the places that the same keys have in another tree; what is not there has its parent's.
    func located(in other: ConfigValue?) -> ConfigValue {
        var located = self
        (located.line, located.column) = (other?.line, other?.column)
        func place(_ member: ConfigValue, _ found: ConfigValue?) -> ConfigValue {
            var fallback = other
            fallback?.content = .null
            return member.located(in: found ?? fallback)
        }
        switch content {
        case .mapping(let members):
            located.content = .mapping(members.map { ($0.key, place($0.value, other?[$0.key])) })
        case .list(let items):
            var others: [ConfigValue] = []
            if case .list(let found)? = other?.content { others = found }
            located.content = .list(
                items.enumerated().map { place($1, $0 < others.count ? others[$0] : nil) })
        default: break
        }
        return located
    }

    /// Adds members of another mapping that this one does not have.
    mutating func add(_ keys: [String], from other: ConfigValue?) {
        guard case .mapping(var members) = content else { return }
        for key in keys where self[key] == nil {
            if let value = other?[key], value.isText { members.append((key, value)) }
        }
        content = .mapping(members)
    }

    /// The deepest value on a path of keys and indexes.
    func nearest(_ path: [String]) -> ConfigValue {
        var value = self
        for part in path {
            switch value.content {
            case .mapping:
                guard let next = value[part] else { return value }
                value = next
            case .list(let items):
                guard let index = Int(part), items.indices.contains(index) else { return value }
                value = items[index]
            default: return value
            }
        }
        return value
    }

    /// Whether it says nothing: as good as not being there.
    var isUnset: Bool {
        switch content {
        case .null: true
        case .bool(let value): !value
        case .string(let text): text.isEmpty
        case .list(let items): items.isEmpty
        case .mapping(let members): members.isEmpty
        case .int, .double: false
        }
    }

    var isText: Bool { if case .string = content { true } else { false } }

    subscript(_ key: String) -> ConfigValue? {
        guard case .mapping(let members) = content else { return nil }
        return members.last { $0.key == key }?.value
    }
}

/// Foundation on Linux hands booleans out as numbers.
private enum CFBooleanLike {
    static func isBoolean(_ number: NSNumber) -> Bool { String(cString: number.objCType) == "c" }
}
