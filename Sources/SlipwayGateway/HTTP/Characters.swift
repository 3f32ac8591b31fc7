// The character classes of RFC 9110 section 5 and RFC 9112 section 3.

enum Characters {
    /// Names of fields and methods: letters, digits and !#$%&'*+-.^_`|~
    static func isToken(_ byte: UInt8) -> Bool { isIn(0x03ff_6cfa_0000_0000, 0x57ff_ffff_c7ff_fffe, byte) }

    /// Registered names, addresses and a port: letters, digits and -._~!$&'()*+;=:[]%. The comma that names may have
    /// too is left out: some readers take it for the end of the first of two hosts.
    static func isHost(_ byte: UInt8) -> Bool { isIn(0x2fff_6ff2_0000_0000, 0x47ff_fffe_afff_fffe, byte) }

    /// Visible characters, space, tab and what is beyond ASCII.
    static func isValue(_ byte: UInt8) -> Bool { byte >= 32 ? byte != 127 : byte == 9 }

    /// Visible ASCII but for the fragment's mark.
    static func isTarget(_ byte: UInt8) -> Bool { byte > 32 && byte < 127 && byte != 35 }

    /// Whether the bit of `byte` is set, in `low` for 0–63 and in `high` for 64–127.
    private static func isIn(_ low: UInt64, _ high: UInt64, _ byte: UInt8) -> Bool {
        let mask = byte < 64 ? low : byte < 128 ? high : 0
        return mask & (1 << UInt64(byte & 63)) != 0
    }
}

extension UnsafeRawBufferPointer {
    /// The part from `start` up to `end`.
    func part(_ start: Int, _ end: Int) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(rebasing: self[start..<end])
    }

    var text: String { String(decoding: self, as: UTF8.self) }

    /// Whether these are the letters of `text`, which is lower-case, in any case.
    func equals(_ text: StaticString) -> Bool {
        guard count == text.utf8CodeUnitCount else { return false }
        let other = text.utf8Start
        for index in 0..<count {
            let byte = self[index]
            let lower = byte >= 65 && byte <= 90 ? byte | 32 : byte
            if lower != other[index] { return false }
        }
        return true
    }

    /// Whether these are the letters of `text` in its own case.
    func isExactly(_ text: StaticString) -> Bool {
        count == text.utf8CodeUnitCount
            && zip(self, UnsafeBufferPointer(start: text.utf8Start, count: count)).allSatisfy(==)
    }

    func hasPrefix(_ text: StaticString) -> Bool {
        count >= text.utf8CodeUnitCount && part(0, text.utf8CodeUnitCount).equals(text)
    }

    /// A number of decimal digits alone; nil for anything else and beyond 18 digits.
    var decimal: Int? {
        guard count > 0, count <= 18 else { return nil }
        var number = 0
        for byte in self {
            guard byte >= 48, byte <= 57 else { return nil }
            number = number * 10 + Int(byte - 48)
        }
        return number
    }

    /// Without spaces and tabs at either end.
    var trimmed: UnsafeRawBufferPointer {
        var (start, end) = (0, count)
        while start < end, self[start] == 32 || self[start] == 9 { start += 1 }
        while end > start, self[end - 1] == 32 || self[end - 1] == 9 { end -= 1 }
        return part(start, end)
    }
}
