// Reading members of the API's documents, as far as they are there.

import SlipwayAPI

extension JSONValue {
    /// A member; null where there is none.
    subscript(member: String) -> JSONValue {
        if case .object(let members) = self { return members[member] ?? .null }
        return .null
    }

    /// A member of a member: `current_deployment.name`.
    subscript(path path: String) -> JSONValue? {
        var value = self
        for part in path.split(separator: ".") { value = value[String(part)] }
        return value == .null ? nil : value
    }

    var elements: [JSONValue] {
        if case .array(let elements) = self { return elements }
        return []
    }

    var string: String? {
        if case .string(let text) = self { return text }
        return nil
    }

    var isTrue: Bool { self == .bool(true) }

    /// The same object with one member of another value.
    func replacing(_ member: String, with value: JSONValue) -> JSONValue {
        guard case .object(var members) = self else { return self }
        members[member] = value
        return .object(members)
    }

    /// The same object without a member.
    func removing(_ member: String) -> JSONValue {
        guard case .object(var members) = self else { return self }
        members[member] = nil
        return .object(members)
    }

    /// One line for people.
    var text: String {
        switch self {
        case .null: "-"
        case .bool(let value): value ? "yes" : "no"
        case .integer(let value): "\(value)"
        case .number(let value): "\(value)"
        case .string(let value): value
        case .array(let values): values.isEmpty ? "-" : values.map(\.text).joined(separator: ", ")
        case .object(let members):
            members.isEmpty
                ? "-"
                : members.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value.text)" }
                    .joined(separator: " ")
        }
    }
}
