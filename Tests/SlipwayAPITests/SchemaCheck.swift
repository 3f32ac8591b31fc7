// A small checker of documents against component schemas: the part of JSON Schema our document uses.

@testable import SlipwayAPI

enum SchemaCheck {
    /// Every way in which `value` does not fit the component schema `name`; members the schema does not know
    /// count too, so that documents and schemas cannot drift apart.
    static func problems(_ value: JSONValue, component name: String) -> [String] {
        guard let schema = OpenAPIDocument.schemas[name] else { return ["no component \(name)"] }
        return problems(value, schema.json, at: name)
    }

    private static func problems(_ value: JSONValue, _ schema: JSONValue, at path: String) -> [String] {
        guard case .object(let keywords) = schema else { return ["\(path): the schema is no object"] }
        if case .string(let reference)? = keywords["$ref"], let name = reference.split(separator: "/").last {
            return problems(value, component: String(name)).map { "\(path) → \($0)" }
        }
        for keyword in ["anyOf", "oneOf"] {
            if case .array(let alternatives)? = keywords[keyword] {
                let tries = alternatives.map { problems(value, $0, at: path) }
                return tries.contains([]) ? [] : tries.flatMap(\.self)
            }
        }
        if let constant = keywords["const"], constant != value { return ["\(path): not \(constant)"] }
        if case .array(let choices)? = keywords["enum"], !choices.contains(value) {
            return ["\(path): \(value) is none of \(choices)"]
        }
        switch (keywords["type"], value) {
        case ("string", .string), ("integer", .integer), ("number", .number), ("number", .integer),
            ("boolean", .bool), ("null", .null):
            return []
        case ("array", .array(let elements)):
            guard let items = keywords["items"] else { return ["\(path): no items"] }
            return elements.flatMap { problems($0, items, at: "\(path)[]") }
        case ("object", .object(let members)):
            guard case .object(let properties)? = keywords["properties"] else { return [] }
            var found: [String] = []
            if case .array(let required)? = keywords["required"] {
                for case .string(let name) in required where members[name] == nil {
                    found.append("\(path).\(name): missing")
                }
            }
            for (name, member) in members {
                if let property = properties[name] {
                    found += problems(member, property, at: "\(path).\(name)")
                } else {
                    found.append("\(path).\(name): unknown")
                }
            }
            return found
        default:
            return ["\(path): \(value) is not of type \(keywords["type"] ?? "?")"]
        }
    }
}
