// Reads a YAML document event by event, within bounds on its depth and size. Yams' composer has none: it compares keys
// with all that their aliases stand for, so that a small document can take it for ever. Scalars are still Yams' own.

import CYaml
import Yams

final class YAMLReader {
    /// Deeper documents are no configs.
    static let deepest = 32
    /// Nodes after resolving aliases.
    static let mostNodes = 20_000

    private struct Anchored {
        var value: ConfigValue
        /// Of a scalar, as written.
        var text: String?
        var nodes: Int
    }

    /// It holds its own address.
    private let parser = UnsafeMutablePointer<yaml_parser_t>.allocate(capacity: 1)
    private var anchors: [String: Anchored] = [:]
    private var nodes = 0

    /// The tree of the one document in the text; an empty mapping when there is none.
    static func read(_ text: String) throws(ConfigError) -> ConfigValue {
        try Array(text.utf8).withUnsafeBufferPointer { bytes throws(ConfigError) in
            try YAMLReader(bytes).document()
        }
    }

    /// - Parameter bytes: must outlive the reader.
    private init(_ bytes: UnsafeBufferPointer<UInt8>) {
        yaml_parser_initialize(parser)
        yaml_parser_set_encoding(parser, YAML_UTF8_ENCODING)
        yaml_parser_set_input_string(parser, bytes.baseAddress, bytes.count)
    }

    deinit {
        yaml_parser_delete(parser)
        parser.deallocate()
    }

    private func document() throws(ConfigError) -> ConfigValue {
        _ = try next()
        guard try next().type != YAML_STREAM_END_EVENT else { return ConfigValue(content: .mapping([])) }
        let root = try node(try next(), path: "", depth: 0).value
        _ = try next()
        let rest = try next()
        guard rest.type == YAML_STREAM_END_EVENT else {
            throw problem("there is a second document", at: rest, path: "")
        }
        return root
    }

    // MARK: Events

    private final class Event {
        var event = yaml_event_t()
        deinit { yaml_event_delete(&event) }

        var type: yaml_event_type_t { event.type }
        var line: Int { event.start_mark.line + 1 }
        var column: Int { event.start_mark.column + 1 }
    }

    private func next() throws(ConfigError) -> Event {
        let event = Event()
        guard yaml_parser_parse(parser, &event.event) == 1 else {
            let text = parser.pointee.problem.map { String(cString: $0) } ?? "it cannot be read"
            let mark = parser.pointee.problem_mark
            throw ConfigError([
                ConfigProblem(
                    path: "", line: mark.line + 1, column: mark.column + 1, message: "not valid YAML: \(text)"
                )
            ])
        }
        return event
    }

    private func problem(_ message: String, at event: Event, path: String) -> ConfigError {
        ConfigError([ConfigProblem(path: path, line: event.line, column: event.column, message: message)])
    }

    private static func text(_ pointer: UnsafeMutablePointer<UInt8>?) -> String? {
        pointer.flatMap { String.decodeCString($0, as: UTF8.self)?.result }
    }

    // MARK: Nodes

    private func node(_ event: Event, path: String, depth: Int) throws(ConfigError) -> Anchored {
        let before = nodes
        nodes += 1
        var anchored = Anchored(
            value: ConfigValue(content: .null, line: event.line, column: event.column), text: nil, nodes: 1)
        let anchor: String?
        switch event.type {
        case YAML_ALIAS_EVENT:
            guard let known = anchors[Self.text(event.event.data.alias.anchor) ?? ""] else {
                throw problem("unknown alias", at: event, path: path)
            }
            nodes += known.nodes - 1
            anchor = nil
            anchored = known
        case YAML_SCALAR_EVENT:
            anchor = Self.text(event.event.data.scalar.anchor)
            let scalar = Self.scalar(event)
            anchored.value.content = ConfigValue.scalar(.scalar(scalar))
            anchored.text = scalar.string
        case YAML_SEQUENCE_START_EVENT:
            anchor = Self.text(event.event.data.sequence_start.anchor)
            anchored.value.content = .list(try items(path, depth))
        default:
            anchor = Self.text(event.event.data.mapping_start.anchor)
            anchored.value.content = .mapping(try members(path, depth))
        }
        guard nodes < Self.mostNodes, depth < Self.deepest else {
            throw problem(ConfigError.tooLarge, at: event, path: path)
        }
        anchored.nodes = nodes - before
        if let anchor { anchors[anchor] = anchored }
        return anchored
    }

    private func items(_ path: String, _ depth: Int) throws(ConfigError) -> [ConfigValue] {
        var items: [ConfigValue] = []
        while true {
            let event = try next()
            if event.type == YAML_SEQUENCE_END_EVENT { return items }
            try checkDepth(depth, event, path)
            items.append(try node(event, path: "\(path)[\(items.count)]", depth: depth + 1).value)
        }
    }

    private func members(
        _ path: String, _ depth: Int
    ) throws(ConfigError) -> [(key: String, value: ConfigValue)] {
        var members: [(key: String, value: ConfigValue)] = []
        var merged: [(key: String, value: ConfigValue)] = []
        var positions: [String: Int] = [:]
        while true {
            let event = try next()
            if event.type == YAML_MAPPING_END_EVENT { return Self.merge(members, merged) }
            try checkDepth(depth, event, path)
            guard event.type == YAML_SCALAR_EVENT || event.type == YAML_ALIAS_EVENT,
                let name = try node(event, path: path, depth: depth + 1).text
            else { throw problem("a key must be text", at: event, path: path) }
            let inner = path.isEmpty ? name : "\(path).\(name)"
            var member = try node(try next(), path: inner, depth: depth + 1).value
            if name == "<<" {
                merged += try Self.mergeable(
                    member, or: problem("expected a mapping", at: event, path: inner))
                continue
            }
            (member.line, member.column) = (event.line, event.column)
            // As for the official reader, the last one counts.
            if let position = positions[name] {
                members[position].value = member
            } else {
                positions[name] = members.count
                members.append((name, member))
            }
        }
    }

    /// What a merge key brings: of a list, earlier mappings count first.
    private static func mergeable(
        _ value: ConfigValue, or error: ConfigError
    ) throws(ConfigError) -> [(key: String, value: ConfigValue)] {
        switch value.content {
        case .mapping(let members): return members
        case .list(let items):
            var members: [(key: String, value: ConfigValue)] = []
            for item in items { members += try mergeable(item, or: error) }
            return members
        default: throw error
        }
    }

    private static func merge(
        _ members: [(key: String, value: ConfigValue)], _ merged: [(key: String, value: ConfigValue)]
    ) -> [(key: String, value: ConfigValue)] {
        if merged.isEmpty { return members }
        var names = Set(members.map(\.key))
        return merged.filter { names.insert($0.key).inserted } + members
    }

    /// Before what is below is read, since that is done by recursion.
    private func checkDepth(_ depth: Int, _ event: Event, _ path: String) throws(ConfigError) {
        guard depth + 1 < Self.deepest, nodes < Self.mostNodes else {
            throw problem(ConfigError.tooLarge, at: event, path: path)
        }
    }

    private static func scalar(_ event: Event) -> Node.Scalar {
        let data = event.event.data.scalar
        let bytes = UnsafeBufferPointer(start: data.value, count: data.length)
        let tag: Tag.Name =
            data.quoted_implicit == 1 ? .str : text(data.tag).map { Tag.Name(rawValue: $0) } ?? .implicit
        return Node.Scalar(
            String(decoding: bytes, as: UTF8.self), Tag(tag),
            Node.Scalar.Style(rawValue: numericCast(data.style.rawValue)) ?? .any)
    }
}
