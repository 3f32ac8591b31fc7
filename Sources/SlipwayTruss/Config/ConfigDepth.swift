// How deep a YAML text can be at most, told from its characters. Parsers take time that grows with the square of the depth,
// or worse, before they say anything.

enum ConfigDepth {
    /// No config of use is as deep.
    static let limit = 256

    /// Whether brackets are nested deeper than the limit, or one line begins more blocks. Brackets inside of strings
    /// count too: no useful string leaves so many open.
    static func isPassed(by yaml: String) -> Bool {
        var (brackets, blocks) = (0, 0)
        var before: UInt8 = 0
        for byte in yaml.utf8 {
            switch byte {
            case UInt8(ascii: "["), UInt8(ascii: "{"): brackets += 1
            case UInt8(ascii: "]"), UInt8(ascii: "}"): brackets = max(0, brackets - 1)
            case UInt8(ascii: " "), UInt8(ascii: "\t"): blocks += beginsBlock(before) ? 1 : 0
            default: break
            }
            if !isBlank(byte), !(beginsBlock(byte) && isBlank(before)) { blocks = 0 }
            if brackets > limit || blocks > limit { return true }
            before = byte
        }
        return false
    }

    private static func isBlank(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t")
    }

    /// `- - a` and `? : a` begin a block each.
    private static func beginsBlock(_ byte: UInt8) -> Bool {
        [UInt8(ascii: "-"), UInt8(ascii: "?"), UInt8(ascii: ":")].contains(byte)
    }
}
