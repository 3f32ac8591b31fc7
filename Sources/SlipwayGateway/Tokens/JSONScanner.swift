// Reads a JSON object as its bytes pass by, without keeping them: constant memory and a bounded number of steps per
// byte, whatever a client or a replica sends. What is no JSON yields fewer values or odd ones, never an error: all
// that comes of it is an estimate.

/// Gets the values of a document.
protocol JSONReader {
    /// A member begins.
    mutating func member(at path: JSONPath)
    /// More bytes of a string, after escapes; never none.
    mutating func text(_ count: Int, at path: JSONPath)
    /// A whole number without sign, of at most nine digits.
    mutating func number(_ value: Int, at path: JSONPath)
}

struct JSONScanner {
    private enum Stage { case start, structure, string, escape, unicode, over }

    private var stage = Stage.start
    private var path = JSONPath()
    private var depth = 0
    /// Open containers that are too deep to have a path.
    private var untracked = 0
    /// For each open container with a path whether it is an array; the innermost is the lowest bit.
    private var arrays: UInt8 = 0
    private var expectsName = false
    private var isName = false
    private var name = JSONName()
    private var scalar = JSONScalar()
    private var unicode = JSONEscape()

    mutating func scan(_ bytes: UnsafeRawBufferPointer, for reader: inout some JSONReader) {
        var index = 0
        while index < bytes.count, stage != .over {
            if stage == .string {
                index = scanString(bytes, from: index, &reader)
            } else {
                step(bytes[index], &reader)
                index += 1
            }
        }
    }

    private mutating func step(_ byte: UInt8, _ reader: inout some JSONReader) {
        switch stage {
        case .start:
            if byte == UInt8(ascii: "{") {
                open(isArray: false)
            } else if !Self.isBlank(byte) {
                stage = .over
            }
        case .structure: structure(byte, &reader)
        case .escape:
            if byte == UInt8(ascii: "u") {
                unicode = JSONEscape()
                stage = .unicode
            } else {
                passEscape(1, &reader)
            }
        case .unicode:
            if let count = unicode.take(byte) { passEscape(count, &reader) }
        case .string, .over: break
        }
    }

    private mutating func structure(_ byte: UInt8, _ reader: inout some JSONReader) {
        switch byte {
        case UInt8(ascii: "\""):
            isName = expectsName
            name = JSONName()
            stage = .string
        case UInt8(ascii: "{"): open(isArray: false)
        case UInt8(ascii: "["): open(isArray: true)
        case UInt8(ascii: "}"), UInt8(ascii: "]"):
            endScalar(&reader)
            close()
        case UInt8(ascii: ","):
            endScalar(&reader)
            expectsName = untracked == 0 && arrays & 1 == 0
        case UInt8(ascii: ":"): expectsName = false
        default: if Self.isBlank(byte) { endScalar(&reader) } else { scalar.take(byte) }
        }
    }

    static func isBlank(_ byte: UInt8) -> Bool { byte == 32 || (9...10).contains(byte) || byte == 13 }

    // MARK: Strings

    /// Takes the string up to its end or the next escape.
    /// - Returns: where to go on.
    private mutating func scanString(
        _ bytes: UnsafeRawBufferPointer, from start: Int, _ reader: inout some JSONReader
    ) -> Int {
        var end = start
        while end < bytes.count, bytes[end] != UInt8(ascii: "\""), bytes[end] != UInt8(ascii: "\\") {
            end += 1
        }
        if isName {
            name.append(bytes.part(start, end))
        } else if end > start, untracked == 0 {
            reader.text(end - start, at: path)
        }
        guard end < bytes.count else { return end }
        if bytes[end] == UInt8(ascii: "\\") {
            stage = .escape
        } else {
            stage = .structure
            if isName { endName(&reader) }
        }
        return end + 1
    }

    private mutating func endName(_ reader: inout some JSONReader) {
        path.replaceLast(JSONKey(name))
        reader.member(at: path)
    }

    /// - Parameter count: of the bytes that the escape stands for.
    private mutating func passEscape(_ count: Int, _ reader: inout some JSONReader) {
        stage = .string
        if isName { name.spoil() } else if untracked == 0 { reader.text(count, at: path) }
    }

    // MARK: Structure

    private mutating func open(isArray: Bool) {
        scalar = JSONScalar()
        stage = .structure
        guard untracked == 0, depth < JSONPath.maxDepth else {
            untracked += 1
            return expectsName = false
        }
        depth += 1
        arrays = arrays << 1 | (isArray ? 1 : 0)
        path.push(isArray ? .element : .other)
        expectsName = !isArray
    }

    private mutating func close() {
        expectsName = false
        guard untracked == 0 else { return untracked -= 1 }
        depth -= 1
        arrays >>= 1
        path.pop()
        if depth == 0 { stage = .over }
    }

    private mutating func endScalar(_ reader: inout some JSONReader) {
        if let number = scalar.number, untracked == 0 { reader.number(number, at: path) }
        scalar = JSONScalar()
    }
}

/// A value that is neither string nor container, as it is read.
private struct JSONScalar {
    private var value = 0
    private var digits = 0
    private var isOther = false

    mutating func take(_ byte: UInt8) {
        guard (48...57).contains(byte), digits < 9 else { return isOther = true }
        value = value * 10 + Int(byte - 48)
        digits += 1
    }

    var number: Int? { isOther || digits == 0 ? nil : value }
}

/// What follows `\u`, as it is read.
private struct JSONEscape {
    private var unit: UInt16 = 0
    private var digits = 0

    /// - Returns: the bytes that the unit takes in UTF-8, after its last digit; half of it for half of a pair.
    mutating func take(_ byte: UInt8) -> Int? {
        let digit: UInt8 =
            switch byte {
            case 48...57: byte - 48
            case 65...70: byte - 55
            case 97...102: byte - 87
            default: 0
            }
        unit = unit << 4 | UInt16(digit)
        digits += 1
        guard digits == 4 else { return nil }
        return unit < 0x80 ? 1 : unit < 0x800 || (0xD800...0xDFFF).contains(unit) ? 2 : 3
    }
}
