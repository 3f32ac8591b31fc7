// Splits a document into tokens (specification of October 2021, section 2.1).

enum Token: Equatable {
    case punctuator(Character)
    case spread
    case name(String)
    case int(Int64)
    case float(Double)
    case string(String)
    case end
}

struct Lexer {
    /// Documents over this are refused: configs travel inside queries as base64, so it is generous.
    static let longestDocument = 8 << 20

    private let bytes: [UInt8]
    private var index = 0
    private var line = 1
    private var lineStart = 0
    /// Where the last token began.
    private(set) var location = GraphQLLocation(line: 1, column: 1)

    init(_ source: String) throws(GraphQLFailure) {
        bytes = Array(source.utf8)
        if bytes.count > Self.longestDocument {
            throw .syntax("the document is longer than \(Self.longestDocument) bytes", at: location)
        }
    }

    mutating func next() throws(GraphQLFailure) -> Token {
        skipIgnored()
        location = GraphQLLocation(line: line, column: index - lineStart + 1)
        guard let byte = peek() else { return .end }
        switch byte {
        case UInt8(ascii: "."):
            guard bytes[index...].starts(with: "...".utf8) else { throw unexpected(byte) }
            index += 3
            return .spread
        case UInt8(ascii: "\""):
            return .string(bytes[index...].starts(with: "\"\"\"".utf8) ? try blockString() : try string())
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return try number()
        case _ where Self.isNameStart(byte): return .name(name())
        case _ where "!$&()[]{}:=@|".utf8.contains(byte):
            index += 1
            return .punctuator(Character(UnicodeScalar(byte)))
        default: throw unexpected(byte)
        }
    }

    private func peek(_ ahead: Int = 0) -> UInt8? { index + ahead < bytes.count ? bytes[index + ahead] : nil }

    private func unexpected(_ byte: UInt8) -> GraphQLFailure {
        .syntax("unexpected character \"\(UnicodeScalar(byte))\"", at: location)
    }

    private static func isNameStart(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
            || (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte)
            || byte == UInt8(ascii: "_")
    }

    private static func isDigit(_ byte: UInt8?) -> Bool {
        byte.map { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) } ?? false
    }

    private mutating func skipIgnored() {
        while let byte = peek() {
            switch byte {
            case UInt8(ascii: "\n"): newline(after: index + 1)
            case UInt8(ascii: "\r"):
                let end = peek(1) == UInt8(ascii: "\n") ? index + 2 : index + 1
                newline(after: end)
                continue
            case UInt8(ascii: " "), UInt8(ascii: "\t"), UInt8(ascii: ","): break
            case 0xEF where bytes[index...].starts(with: [0xEF, 0xBB, 0xBF]): index += 2
            case UInt8(ascii: "#"):
                while let next = peek(), next != UInt8(ascii: "\n"), next != UInt8(ascii: "\r") { index += 1 }
                continue
            default: return
            }
            if byte != UInt8(ascii: "\n") { index += 1 }
        }
    }

    private mutating func newline(after end: Int) {
        index = end
        line += 1
        lineStart = end
    }

    private mutating func name() -> String {
        let start = index
        while let byte = peek(), Self.isNameStart(byte) || Self.isDigit(byte) { index += 1 }
        return String(decoding: bytes[start..<index], as: UTF8.self)
    }

    private mutating func number() throws(GraphQLFailure) -> Token {
        let start = index
        var isFloat = false
        if peek() == UInt8(ascii: "-") { index += 1 }
        guard Self.isDigit(peek()) else { throw .syntax("a number needs digits", at: location) }
        if peek() == UInt8(ascii: "0"), Self.isDigit(peek(1)) {
            throw .syntax("a number must not begin with 0", at: location)
        }
        while Self.isDigit(peek()) { index += 1 }
        if peek() == UInt8(ascii: ".") {
            isFloat = true
            index += 1
            guard Self.isDigit(peek()) else {
                throw .syntax("a number needs digits after its point", at: location)
            }
            while Self.isDigit(peek()) { index += 1 }
        }
        if peek() == UInt8(ascii: "e") || peek() == UInt8(ascii: "E") {
            isFloat = true
            index += 1
            if peek() == UInt8(ascii: "+") || peek() == UInt8(ascii: "-") { index += 1 }
            guard Self.isDigit(peek()) else {
                throw .syntax("a number needs digits in its exponent", at: location)
            }
            while Self.isDigit(peek()) { index += 1 }
        }
        if let byte = peek(), Self.isNameStart(byte) || byte == UInt8(ascii: ".") { throw unexpected(byte) }
        let text = String(decoding: bytes[start..<index], as: UTF8.self)
        if !isFloat, let int = Int64(text) { return .int(int) }
        guard let double = Double(text), double.isFinite else {
            throw .syntax("the number \(text) is out of range", at: location)
        }
        return .float(double)
    }

    private mutating func string() throws(GraphQLFailure) -> String {
        index += 1
        var content: [UInt8] = []
        while let byte = peek() {
            index += 1
            switch byte {
            case UInt8(ascii: "\""): return String(decoding: content, as: UTF8.self)
            case UInt8(ascii: "\n"), UInt8(ascii: "\r"):
                throw .syntax("the string does not end on its line", at: location)
            case UInt8(ascii: "\\"): content += Array(try escape().utf8)
            default: content.append(byte)
            }
        }
        throw .syntax("the string does not end", at: location)
    }

    private mutating func escape() throws(GraphQLFailure) -> String {
        guard let byte = peek() else { throw .syntax("the string does not end", at: location) }
        index += 1
        switch byte {
        case UInt8(ascii: "\""): return "\""
        case UInt8(ascii: "\\"): return "\\"
        case UInt8(ascii: "/"): return "/"
        case UInt8(ascii: "b"): return "\u{8}"
        case UInt8(ascii: "f"): return "\u{C}"
        case UInt8(ascii: "n"): return "\n"
        case UInt8(ascii: "r"): return "\r"
        case UInt8(ascii: "t"): return "\t"
        case UInt8(ascii: "u"): return String(try unicode())
        default: throw .syntax("unknown escape \"\\\(UnicodeScalar(byte))\"", at: location)
        }
    }

    /// `\uXXXX`, surrogate pairs, and `\u{X…}`.
    private mutating func unicode() throws(GraphQLFailure) -> Character {
        var code: UInt32
        if peek() == UInt8(ascii: "{") {
            index += 1
            let start = index
            while let byte = peek(), byte != UInt8(ascii: "}"), index - start < 8 { index += 1 }
            guard peek() == UInt8(ascii: "}"),
                let value = UInt32(String(decoding: bytes[start..<index], as: UTF8.self), radix: 16)
            else { throw .syntax("bad unicode escape", at: location) }
            index += 1
            code = value
        } else {
            code = try hexQuad()
            if (0xD800..<0xDC00).contains(code), peek() == UInt8(ascii: "\\"), peek(1) == UInt8(ascii: "u") {
                index += 2
                let low = try hexQuad()
                guard (0xDC00..<0xE000).contains(low) else {
                    throw .syntax("bad unicode escape", at: location)
                }
                code = 0x10000 + (code - 0xD800) << 10 + (low - 0xDC00)
            }
        }
        guard let scalar = UnicodeScalar(code) else { throw .syntax("bad unicode escape", at: location) }
        return Character(scalar)
    }

    private mutating func hexQuad() throws(GraphQLFailure) -> UInt32 {
        guard index + 4 <= bytes.count,
            bytes[index..<index + 4].allSatisfy({ UnicodeScalar($0).properties.isASCIIHexDigit }),
            let value = UInt32(String(decoding: bytes[index..<index + 4], as: UTF8.self), radix: 16)
        else { throw .syntax("bad unicode escape", at: location) }
        index += 4
        return value
    }

    /// `"""…"""` with the common indentation and the outer blank lines removed.
    private mutating func blockString() throws(GraphQLFailure) -> String {
        index += 3
        var content: [UInt8] = []
        while true {
            guard let byte = peek() else { throw .syntax("the block string does not end", at: location) }
            if bytes[index...].starts(with: "\\\"\"\"".utf8) {
                content += Array("\"\"\"".utf8)
                index += 4
            } else if bytes[index...].starts(with: "\"\"\"".utf8) {
                index += 3
                return Self.dedented(String(decoding: content, as: UTF8.self))
            } else if byte == UInt8(ascii: "\n") {
                content.append(byte)
                newline(after: index + 1)
            } else {
                if byte != UInt8(ascii: "\r") { content.append(byte) }
                index += 1
            }
        }
    }

    private static func dedented(_ text: String) -> String {
        func indentation(_ line: Substring) -> Int { line.prefix { $0 == " " || $0 == "\t" }.count }
        var lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        let common = lines.dropFirst().filter { indentation($0) < $0.count }.map(indentation).min() ?? 0
        lines = lines.enumerated().map { $0.offset == 0 ? $0.element : $0.element.dropFirst(common) }
        while let first = lines.first, indentation(first) == first.count { lines.removeFirst() }
        while let last = lines.last, indentation(last) == last.count { lines.removeLast() }
        return lines.joined(separator: "\n")
    }
}
