// A strict JSON reader that says where a document is malformed; `RequestDecoder` is its caller. Foundation's
// decoder neither tells the byte nor keeps booleans, integers and fractions apart on every platform.

/// Why bytes are not an acceptable JSON document.
struct MalformedJSON: Error, Equatable {
    /// Offset of the offending byte; the length of the document when it ends too early.
    var offset: Int
    var reason: String
}

/// Reads one JSON document (RFC 8259) that fills the whole input.
struct JSONParser {
    /// Deeper documents are refused so that reading cannot exhaust the stack.
    static let maximumDepth = 64

    private let bytes: [UInt8]
    private var position = 0

    /// - Throws: `MalformedJSON` also for member names given twice, integers beyond 64 bits and numbers
    ///   beyond the range of a double, because any reading of those would be a guess.
    static func parse(_ bytes: [UInt8]) throws(MalformedJSON) -> JSONValue {
        var parser = JSONParser(bytes)
        let value = try parser.value(depth: 0)
        parser.skipBlanks()
        guard parser.position == bytes.count else { throw parser.malformed("text after the document") }
        return value
    }

    private init(_ bytes: [UInt8]) { self.bytes = bytes }

    private var next: UInt8? { position < bytes.count ? bytes[position] : nil }

    private func malformed(_ reason: String) -> MalformedJSON {
        MalformedJSON(
            offset: position, reason: position < bytes.count ? reason : "the document ends too early")
    }

    private mutating func skipBlanks() {
        while let byte = next, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 { position += 1 }
    }

    private mutating func take(_ character: Unicode.Scalar) -> Bool {
        guard next == UInt8(ascii: character) else { return false }
        position += 1
        return true
    }

    private mutating func value(depth: Int) throws(MalformedJSON) -> JSONValue {
        guard depth <= Self.maximumDepth else {
            throw malformed("nested more than \(Self.maximumDepth) levels deep")
        }
        skipBlanks()
        switch next {
        case UInt8(ascii: "{"): return try object(depth: depth)
        case UInt8(ascii: "["): return try array(depth: depth)
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "t"): return try word("true", .bool(true))
        case UInt8(ascii: "f"): return try word("false", .bool(false))
        case UInt8(ascii: "n"): return try word("null", .null)
        case .some(UInt8(ascii: "0")...UInt8(ascii: "9")), UInt8(ascii: "-"): return try number()
        default: throw malformed("expected a value")
        }
    }

    private mutating func word(_ word: String, _ value: JSONValue) throws(MalformedJSON) -> JSONValue {
        for byte in word.utf8 {
            guard next == byte else { throw malformed("expected a value") }
            position += 1
        }
        return value
    }

    private mutating func object(depth: Int) throws(MalformedJSON) -> JSONValue {
        position += 1
        var members: [String: JSONValue] = [:]
        skipBlanks()
        if take("}") { return .object(members) }
        repeat {
            skipBlanks()
            let start = position
            guard next == UInt8(ascii: "\"") else { throw malformed("expected a member name") }
            let name = try string()
            skipBlanks()
            guard take(":") else { throw malformed("expected ':'") }
            let value = try value(depth: depth + 1)
            guard members.updateValue(value, forKey: name) == nil else {
                throw MalformedJSON(offset: start, reason: "member \"\(name)\" given twice")
            }
            skipBlanks()
        } while take(",")
        guard take("}") else { throw malformed("expected ',' or '}'") }
        return .object(members)
    }

    private mutating func array(depth: Int) throws(MalformedJSON) -> JSONValue {
        position += 1
        var elements: [JSONValue] = []
        skipBlanks()
        if take("]") { return .array(elements) }
        repeat {
            elements.append(try value(depth: depth + 1))
            skipBlanks()
        } while take(",")
        guard take("]") else { throw malformed("expected ',' or ']'") }
        return .array(elements)
    }

    private mutating func digits() throws(MalformedJSON) {
        let start = position
        while let byte = next, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) { position += 1 }
        guard position > start else { throw malformed("expected a digit") }
    }

    private mutating func number() throws(MalformedJSON) -> JSONValue {
        let start = position
        var isInteger = true
        _ = take("-")
        if !take("0") { try digits() }
        if take(".") {
            isInteger = false
            try digits()
        }
        if take("e") || take("E") {
            isInteger = false
            if !take("+") { _ = take("-") }
            try digits()
        }
        let text = String(decoding: bytes[start..<position], as: UTF8.self)
        if isInteger {
            guard let value = Int64(text) else {
                throw MalformedJSON(offset: start, reason: "an integer beyond 64 bits")
            }
            return .integer(value)
        }
        guard let value = Double(text), value.isFinite else {
            throw MalformedJSON(offset: start, reason: "a number beyond the range of a double")
        }
        return .number(value)
    }

    private mutating func string() throws(MalformedJSON) -> String {
        let start = position
        position += 1
        var text: [UInt8] = []
        while let byte = next {
            switch byte {
            case UInt8(ascii: "\""):
                position += 1
                guard let string = String(validating: text, as: UTF8.self) else {
                    throw MalformedJSON(offset: start, reason: "a string that is not UTF-8")
                }
                return string
            case UInt8(ascii: "\\"):
                position += 1
                text.append(contentsOf: try escape().utf8)
            case 0..<0x20:
                throw malformed("a control character in a string")
            default:
                text.append(byte)
                position += 1
            }
        }
        throw malformed("")
    }

    private mutating func escape() throws(MalformedJSON) -> String {
        guard let byte = next else { throw malformed("") }
        position += 1
        switch byte {
        case UInt8(ascii: "\""): return "\""
        case UInt8(ascii: "\\"): return "\\"
        case UInt8(ascii: "/"): return "/"
        case UInt8(ascii: "b"): return "\u{8}"
        case UInt8(ascii: "f"): return "\u{C}"
        case UInt8(ascii: "n"): return "\n"
        case UInt8(ascii: "r"): return "\r"
        case UInt8(ascii: "t"): return "\t"
        case UInt8(ascii: "u"): return try unicodeEscape()
        default:
            position -= 1
            throw malformed("an unknown escape in a string")
        }
    }

    private mutating func unicodeEscape() throws(MalformedJSON) -> String {
        let start = position
        var units = [try hexadecimal()]
        if (0xD800..<0xDC00).contains(units[0]), take("\\"), take("u") { units.append(try hexadecimal()) }
        guard let text = String(validating: units, as: UTF16.self) else {
            throw MalformedJSON(offset: start, reason: "half of a surrogate pair in a string")
        }
        return text
    }

    private mutating func hexadecimal() throws(MalformedJSON) -> UInt16 {
        var value: UInt16 = 0
        for _ in 0..<4 {
            guard let byte = next, let digit = Character(Unicode.Scalar(byte)).hexDigitValue else {
                throw malformed("expected four hexadecimal digits")
            }
            value = value << 4 | UInt16(digit)
            position += 1
        }
        return value
    }
}
