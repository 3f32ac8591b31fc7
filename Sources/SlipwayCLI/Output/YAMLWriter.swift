// A document as YAML that reads back as the same document, in YAML 1.1 too (Python's reader).

import SlipwayAPI
import Yams

enum YAMLWriter {
    static func write(_ document: JSONValue) throws -> String {
        try Yams.serialize(node: node(document), width: -1, allowUnicode: true)
    }

    private static func node(_ value: JSONValue) -> Node {
        switch value {
        case .null: plain("null", .null)
        case .bool(let value): plain(value ? "true" : "false", .bool)
        case .integer(let value): plain("\(value)", .int)
        case .number(let value): plain(number(value), .float)
        case .string(let text): string(text)
        case .array(let values): Node(values.map(node))
        case .object(let members):
            Node(members.sorted { $0.key < $1.key }.map { (string($0.key), node($0.value)) })
        }
    }

    private static func plain(_ text: String, _ tag: Tag.Name) -> Node { Node(text, Tag(tag), .plain) }

    /// YAML 1.1 takes `1e-05` for a text.
    private static func number(_ value: Double) -> String {
        let text = "\(value)"
        guard let exponent = text.firstIndex(of: "e"), !text.contains(".") else { return text }
        return text[..<exponent] + ".0" + text[exponent...]
    }

    /// Quoted unless it is a word that no reader takes for something else.
    private static func string(_ text: String) -> Node {
        let isWord =
            text.first.map { $0.isASCII && $0.isLetter || $0 == "_" || $0 == "/" } == true
            && text.last != " "
            && text.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber) || "_-./ @+".contains($0) }
            && !reserved.contains(text.lowercased())
        return Node(text, Tag(.str), isWord ? .plain : .doubleQuoted)
    }

    private static let reserved: Set<String> = ["null", "true", "false", "yes", "no", "on", "off", "y", "n"]
}
