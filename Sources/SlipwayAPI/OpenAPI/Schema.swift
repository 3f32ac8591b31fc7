// Builder of JSON Schema (2020-12, as OpenAPI 3.1 uses it); the files in Schemas/ are written with it.

/// A schema as the JSON object it is written as.
struct Schema: Sendable {
    private(set) var keywords: [String: JSONValue]

    var json: JSONValue { .object(keywords) }

    private init(_ keywords: [String: JSONValue]) { self.keywords = keywords }

    static let string = Schema(["type": "string"])
    static let integer = Schema(["type": "integer"])
    static let number = Schema(["type": "number"])
    static let boolean = Schema(["type": "boolean"])
    static let dateTime = Schema(["type": "string", "format": "date-time"])
    static let binary = Schema(["type": "string", "format": "binary"])
    /// An object with any members.
    static let freeObject = Schema(["type": "object", "additionalProperties": true])
    /// Any JSON value.
    static let anything = Schema([:])

    static func string(length: ClosedRange<Int>) -> Schema {
        var schema = Schema.string
        if length.lowerBound > 0 { schema.keywords["minLength"] = .integer(Int64(length.lowerBound)) }
        schema.keywords["maxLength"] = .integer(Int64(length.upperBound))
        return schema
    }

    static func integer(_ range: ClosedRange<Int64>) -> Schema {
        Schema([
            "type": "integer", "minimum": .integer(range.lowerBound), "maximum": .integer(range.upperBound),
        ])
    }

    static func constant(_ text: String) -> Schema { Schema(["type": "string", "const": .string(text)]) }

    static func choice<Choice: RawRepresentable<String> & CaseIterable>(_ type: Choice.Type) -> Schema {
        Schema(["type": "string", "enum": .array(Choice.allCases.map { .string($0.rawValue) })])
    }

    static func array(_ element: Schema, atMost maximum: Int64? = nil) -> Schema {
        var schema = Schema(["type": "array", "items": element.json])
        if let maximum { schema.keywords["maxItems"] = .integer(maximum) }
        return schema
    }

    /// Members of any name.
    static func map(of element: Schema) -> Schema {
        Schema(["type": "object", "additionalProperties": element.json])
    }

    /// A component schema by name.
    static func ref(_ name: String) -> Schema { Schema(["$ref": .string(reference(name))]) }

    /// One of several component schemas, told apart by the constant member `discriminator` of each.
    static func oneOf(_ mapping: KeyValuePairs<String, String>, by discriminator: String) -> Schema {
        Schema([
            "oneOf": .array(mapping.map { Schema.ref($0.value).json }),
            "discriminator": [
                "propertyName": .string(discriminator),
                "mapping": .object(
                    Dictionary(
                        mapping.map { ($0.key, .string(reference($0.value))) },
                        uniquingKeysWith: { _, last in last })),
            ],
        ])
    }

    /// - Parameter closed: whether other members are refused.
    static func object(_ description: String, closed: Bool = false, _ members: Member...) -> Schema {
        object(description, closed: closed, members)
    }

    static func object(_ description: String, closed: Bool = false, _ members: [Member]) -> Schema {
        var schema = Schema(["type": "object", "description": .string(description)])
        schema.keywords["properties"] = .object(
            Dictionary(members.map { ($0.name, $0.schema.json) }, uniquingKeysWith: { _, last in last }))
        let required = members.filter(\.isRequired).map { JSONValue.string($0.name) }
        if !required.isEmpty { schema.keywords["required"] = .array(required) }
        if closed { schema.keywords["additionalProperties"] = false }
        return schema
    }

    /// The same without other members, where it describes an object with members of its own.
    var closed: Schema {
        keywords["type"] == "object" && keywords["additionalProperties"] == nil
            ? adding("additionalProperties", false) : self
    }

    /// Names of the component schemas it mentions.
    var references: Set<String> { Self.references(in: json) }

    private static func references(in value: JSONValue) -> Set<String> {
        switch value {
        case .object(let members):
            members.reduce(into: []) { names, member in
                if member.key == "$ref", case .string(let text) = member.value {
                    names.formUnion(text.split(separator: "/").suffix(1).map(String.init))
                } else {
                    names.formUnion(references(in: member.value))
                }
            }
        case .array(let elements): elements.reduce(into: []) { $0.formUnion(references(in: $1)) }
        default: []
        }
    }

    /// The same or null.
    var nullable: Schema { Schema(["anyOf": [json, ["type": "null"]]]) }

    func described(_ description: String) -> Schema { adding("description", .string(description)) }

    func defaulting(to value: JSONValue) -> Schema { adding("default", value) }

    private func adding(_ keyword: String, _ value: JSONValue) -> Schema {
        var schema = self
        schema.keywords[keyword] = value
        return schema
    }

    private static func reference(_ name: String) -> String { "#/components/schemas/\(name)" }

    /// A member of an object schema.
    struct Member: Sendable {
        var name: String
        var schema: Schema
        var isRequired: Bool

        static func required(_ name: String, _ schema: Schema, _ description: String) -> Member {
            Member(name: name, schema: schema.described(description), isRequired: true)
        }

        static func optional(_ name: String, _ schema: Schema, _ description: String) -> Member {
            Member(name: name, schema: schema.described(description), isRequired: false)
        }
    }
}
