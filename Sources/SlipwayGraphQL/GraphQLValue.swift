// Values of the query language and of answers.

import Foundation

public indirect enum GraphQLValue: Sendable, Equatable {
    case null
    case bool(Bool)
    case int(Int64)
    case float(Double)
    case string(String)
    case enumeration(String)
    case list([GraphQLValue])
    case object(GraphQLObject)

    /// How an error names it.
    var kind: String {
        switch self {
        case .null: "null"
        case .bool: "a boolean"
        case .int: "an integer"
        case .float: "a number"
        case .string: "a string"
        case .enumeration(let name): "the enum value \(name)"
        case .list: "a list"
        case .object: "an object"
        }
    }

    /// From decoded JSON.
    init(json: Any) {
        switch json {
        case let number as NSNumber where String(cString: number.objCType) == "c":
            self = .bool(number.boolValue)
        case let int as Int64: self = .int(int)
        case let double as Double: self = .float(double)
        case let string as String: self = .string(string)
        case let list as [Any]: self = .list(list.map(GraphQLValue.init(json:)))
        case let object as [String: Any]:
            self = .object(
                GraphQLObject(
                    object.sorted { $0.key < $1.key }.map { ($0.key, GraphQLValue(json: $0.value)) }))
        default: self = .null
        }
    }

    /// Appends the JSON text.
    func write(to text: inout String) {
        switch self {
        case .null: text += "null"
        case .bool(let value): text += value ? "true" : "false"
        case .int(let value): text += String(value)
        case .float(let value): text += value.isFinite ? String(value) : "null"
        case .string(let value), .enumeration(let value): JSONText.write(value, to: &text)
        case .list(let items):
            text += "["
            for (index, item) in items.enumerated() {
                if index > 0 { text += "," }
                item.write(to: &text)
            }
            text += "]"
        case .object(let object):
            text += "{"
            for (index, member) in object.members.enumerated() {
                if index > 0 { text += "," }
                JSONText.write(member.name, to: &text)
                text += ":"
                member.value.write(to: &text)
            }
            text += "}"
        }
    }
}

/// An object with its members in order.
public struct GraphQLObject: Sendable, Equatable {
    public struct Member: Sendable, Equatable {
        public var name: String
        public var value: GraphQLValue
    }

    public var typeName: String
    public var members: [Member]
    /// Members answered even when the query does not select them. A departure from the language for one
    /// purpose: the official client hands all members of its upload credentials on to its storage library, and
    /// only members it did not ask for can send it to another endpoint.
    public var alwaysIncluded: [Member]

    public init(
        _ members: [(String, GraphQLValue)], typeName: String = "Object",
        alwaysIncluded: [(String, GraphQLValue)] = []
    ) {
        self.members = members.map { Member(name: $0.0, value: $0.1) }
        self.typeName = typeName
        self.alwaysIncluded = alwaysIncluded.map { Member(name: $0.0, value: $0.1) }
    }

    public subscript(_ name: String) -> GraphQLValue? { members.first { $0.name == name }?.value }
}

enum JSONText {
    static func write(_ value: String, to text: inout String) {
        text += "\""
        for scalar in value.unicodeScalars {
            switch scalar {
            case "\"": text += "\\\""
            case "\\": text += "\\\\"
            case "\n": text += "\\n"
            case "\r": text += "\\r"
            case "\t": text += "\\t"
            case _ where scalar.value < 0x20:
                let hex = String(scalar.value, radix: 16)
                text += "\\u" + String(repeating: "0", count: 4 - hex.count) + hex
            default: text.unicodeScalars.append(scalar)
            }
        }
        text += "\""
    }
}
