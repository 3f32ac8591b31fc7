// Takes one member out of a JSON object as the client wrote it: a model's input is passed on byte for byte, so
// that no number is read and written again on the way.

/// A JSON object's text with one member's value set aside.
struct JSONEnvelope {
    /// The object with `null` in the member's place.
    var rest: [UInt8]
    /// The member's value; nil when the object has no such member at its top level.
    var value: [UInt8]?

    /// Only finds where the member lies; whoever reads `rest` and `value` sees whether they are JSON.
    init(_ bytes: [UInt8], member: String) {
        rest = bytes
        var scanner = Scanner(bytes: bytes)
        guard let range = scanner.value(of: Array("\"\(member)\"".utf8)) else { return }
        value = Array(bytes[range])
        rest.replaceSubrange(range, with: Array("null".utf8))
    }

    private struct Scanner {
        let bytes: [UInt8]
        var position = 0

        /// Where the value of the quoted name lies in the outermost object.
        mutating func value(of name: [UInt8]) -> Range<Int>? {
            skipBlanks()
            guard byte == UInt8(ascii: "{") else { return nil }
            position += 1
            while true {
                skipBlanks()
                let start = position
                guard skipString() else { return nil }
                let isWanted = bytes[start..<position].elementsEqual(name)
                skipBlanks()
                guard byte == UInt8(ascii: ":") else { return nil }
                position += 1
                skipBlanks()
                let begin = position
                guard skipValue() else { return nil }
                if isWanted { return begin..<position }
                skipBlanks()
                guard byte == UInt8(ascii: ",") else { return nil }
                position += 1
            }
        }

        private var byte: UInt8? { position < bytes.count ? bytes[position] : nil }

        private mutating func skipBlanks() {
            while let byte, [0x20, 0x09, 0x0A, 0x0D].contains(byte) { position += 1 }
        }

        private mutating func skipString() -> Bool {
            guard byte == UInt8(ascii: "\"") else { return false }
            position += 1
            while let byte {
                position += byte == UInt8(ascii: "\\") ? 2 : 1
                if byte == UInt8(ascii: "\"") { return true }
            }
            return false
        }

        /// Up to the comma or bracket that ends the value on its own level.
        private mutating func skipValue() -> Bool {
            let begin = position
            var depth = 0
            while let byte {
                switch byte {
                case UInt8(ascii: "\""):
                    guard skipString() else { return false }
                    continue
                case UInt8(ascii: "{"), UInt8(ascii: "["): depth += 1
                case UInt8(ascii: "}"), UInt8(ascii: "]"):
                    if depth == 0 { return end(begin) }
                    depth -= 1
                case UInt8(ascii: ",") where depth == 0: return end(begin)
                default: break
                }
                position += 1
            }
            return false
        }

        /// Blanks before the delimiter do not belong to the value.
        private mutating func end(_ begin: Int) -> Bool {
            while position > begin, [0x20, 0x09, 0x0A, 0x0D].contains(bytes[position - 1]) { position -= 1 }
            return position > begin
        }
    }
}
