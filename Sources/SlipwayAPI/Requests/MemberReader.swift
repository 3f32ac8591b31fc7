// Typed access to the members of a JSON object that remembers where it is; request documents read with it.

/// The members of one JSON object inside a request. Every `optional…` function takes a missing member and an
/// explicit `null` as the same; every other one refuses both. A member that nothing asked for is refused by name:
/// taking it in silence would tell the client that it had an effect.
public struct MemberReader {
    /// Which members something asked for.
    private final class Asked {
        var names: Set<String> = []
    }

    private let members: [String: JSONValue]
    private let asked = Asked()
    /// Path of the object, empty for the whole document.
    private let path: String

    /// - Throws: `BadRequest` when `value` is not an object.
    init(_ value: JSONValue, path: String) throws(BadRequest) {
        guard case .object(let members) = value else {
            throw BadRequest("\(path.isEmpty ? "body" : path): expected an object, found \(value.kind)")
        }
        self.members = members
        self.path = path
    }

    /// Reads a whole document and refuses what it did not ask for.
    static func read<Request: WireRequest>(
        _ type: Request.Type, from value: JSONValue, path: String
    ) throws(BadRequest) -> Request {
        let members = try MemberReader(value, path: path)
        let request = try Request(reading: members)
        try members.refuseUnasked()
        return request
    }

    /// - Throws: `BadRequest` when the object has a member that nothing asked for.
    private func refuseUnasked() throws(BadRequest) {
        guard let name = members.keys.filter({ !asked.names.contains($0) }).min() else { return }
        throw BadRequest((path.isEmpty ? "" : "\(path): ") + "unknown member \"\(name.prefix(100))\"")
    }

    /// The object as it was sent, for what is passed on; `names` are the members it may have.
    func whole(of names: [String]) -> JSONValue {
        asked.names.formUnion(names)
        return .object(members)
    }

    func string(_ name: String, length: ClosedRange<Int>? = nil) throws(BadRequest) -> String {
        try required(name, "a string", try optionalString(name, length: length))
    }

    /// - Parameter length: bounds of the number of Unicode scalars.
    func optionalString(_ name: String, length: ClosedRange<Int>? = nil) throws(BadRequest) -> String? {
        guard let value = present(name) else { return nil }
        let text = try Self.text(value, at: at(name))
        if let length, !length.contains(text.unicodeScalars.count) {
            throw BadRequest(
                "\(at(name)): expected \(length.lowerBound) to \(length.upperBound) characters")
        }
        return text
    }

    func optionalInteger(_ name: String, in range: ClosedRange<Int>? = nil) throws(BadRequest) -> Int? {
        guard let value = present(name) else { return nil }
        guard case .integer(let wide) = value, let number = Int(exactly: wide) else {
            throw mismatch(name, "an integer", value)
        }
        if let range, !range.contains(number) {
            throw BadRequest(
                "\(at(name)): expected an integer from \(range.lowerBound) to \(range.upperBound), "
                    + "found \(number)"
            )
        }
        return number
    }

    func optionalBoolean(_ name: String) throws(BadRequest) -> Bool? {
        guard let value = present(name) else { return nil }
        guard case .bool(let flag) = value else { throw mismatch(name, "a boolean", value) }
        return flag
    }

    func object(_ name: String) throws(BadRequest) -> [String: JSONValue] {
        try required(name, "an object", try optionalObject(name))
    }

    func optionalObject(_ name: String) throws(BadRequest) -> [String: JSONValue]? {
        guard let value = present(name) else { return nil }
        guard case .object(let members) = value else { throw mismatch(name, "an object", value) }
        return members
    }

    /// - Parameter atMost: bound of the number of elements.
    func optionalStrings(_ name: String, atMost maximum: Int? = nil) throws(BadRequest) -> [String]? {
        guard let value = present(name) else { return nil }
        guard case .array(let elements) = value else { throw mismatch(name, "an array", value) }
        if let maximum, elements.count > maximum {
            throw BadRequest("\(at(name)): expected at most \(maximum) elements, found \(elements.count)")
        }
        var texts: [String] = []
        for (index, element) in elements.enumerated() {
            texts.append(try Self.text(element, at: "\(at(name))[\(index)]"))
        }
        return texts
    }

    func choice<Choice: RawRepresentable<String> & CaseIterable>(
        _ name: String, as type: Choice.Type
    ) throws(BadRequest) -> Choice {
        try required(name, "a string", try optionalChoice(name, as: type))
    }

    func optionalChoice<Choice: RawRepresentable<String> & CaseIterable>(
        _ name: String, as type: Choice.Type
    ) throws(BadRequest) -> Choice? {
        guard let text = try optionalString(name) else { return nil }
        guard let choice = Choice(rawValue: text) else {
            throw unknownChoice(name, text, of: Choice.allCases.map(\.rawValue))
        }
        return choice
    }

    func request<Request: WireRequest>(_ name: String, as type: Request.Type) throws(BadRequest) -> Request {
        guard let value = present(name) else { throw missing(name, "an object") }
        return try Self.read(type, from: value, path: at(name))
    }

    func optionalRequest<Request: WireRequest>(
        _ name: String, as type: Request.Type
    ) throws(BadRequest) -> Request? {
        present(name) == nil ? nil : try request(name, as: type)
    }

    /// A member for which null means something else than absence.
    func change<Request: WireRequest>(
        _ name: String, as type: Request.Type
    ) throws(BadRequest) -> MemberChange<Request> {
        if member(name) == .null { return .null }
        return try optionalRequest(name, as: type).map { .value($0) } ?? .absent
    }

    func textChange(_ name: String) throws(BadRequest) -> MemberChange<String> {
        if member(name) == .null { return .null }
        return try optionalString(name).map { .value($0) } ?? .absent
    }

    /// A list of documents; empty when absent.
    func requests<Request: WireRequest>(
        _ name: String, as type: Request.Type
    ) throws(BadRequest) -> [Request] {
        guard present(name) != nil else { return [] }
        guard case .array(let elements)? = present(name) else { throw missing(name, "an array") }
        var requests: [Request] = []
        for (index, element) in elements.enumerated() {
            requests.append(try Self.read(type, from: element, path: "\(at(name))[\(index)]"))
        }
        return requests
    }

    func integer(_ name: String, in range: ClosedRange<Int>? = nil) throws(BadRequest) -> Int {
        try required(name, "an integer", try optionalInteger(name, in: range))
    }

    func boolean(_ name: String) throws(BadRequest) -> Bool {
        try required(name, "a boolean", try optionalBoolean(name))
    }

    /// The refusal of a text that is none of `choices`.
    func unknownChoice(_ name: String, _ text: String, of choices: [String]) -> BadRequest {
        BadRequest(
            "\(at(name)): expected one of \(choices.joined(separator: ", ")), found \"\(text.prefix(100))\"")
    }

    private func at(_ name: String) -> String { path.isEmpty ? name : "\(path).\(name)" }

    private func present(_ name: String) -> JSONValue? {
        member(name).flatMap { $0 == .null ? nil : $0 }
    }

    private func member(_ name: String) -> JSONValue? {
        asked.names.insert(name)
        return members[name]
    }

    private func required<Value>(_ name: String, _ expected: String, _ value: Value?) throws(BadRequest)
        -> Value
    {
        guard let value else { throw missing(name, expected) }
        return value
    }

    private func missing(_ name: String, _ expected: String) -> BadRequest {
        BadRequest("\(at(name)): expected \(expected), found \(member(name) == nil ? "nothing" : "null")")
    }

    private func mismatch(_ name: String, _ expected: String, _ value: JSONValue) -> BadRequest {
        if case .number = value, expected == "an integer" {
            return BadRequest("\(at(name)): expected an integer, found a number with a fraction or exponent")
        }
        return BadRequest("\(at(name)): expected \(expected), found \(value.kind)")
    }

    private static func text(_ value: JSONValue, at path: String) throws(BadRequest) -> String {
        guard case .string(let text) = value else {
            throw BadRequest("\(path): expected a string, found \(value.kind)")
        }
        return text
    }
}

/// What a request says about a member that can be turned off.
public enum MemberChange<Value: Sendable & Equatable>: Sendable, Equatable {
    case absent
    case null
    case value(Value)
}

extension KeyedEncodingContainer {
    mutating func encode<Value: Encodable>(_ change: MemberChange<Value>, forKey key: Key) throws {
        switch change {
        case .absent: break
        case .null: try encodeNil(forKey: key)
        case .value(let value): try encode(value, forKey: key)
        }
    }
}
