// Percent-encoding by the rules of S3 signatures: unreserved characters stay, all else is %XX in capitals.
// Called wherever a path or query is read from, or written into, a URL.

enum PercentEncoding {
    /// Encodes UTF-8 bytes; `/` stays as it is only with `keepingSlash`, which is right for object paths.
    static func encode(_ text: String, keepingSlash: Bool = false) -> String {
        var output: [UInt8] = []
        output.reserveCapacity(text.utf8.count)
        for byte in text.utf8 {
            if isUnreserved(byte) || (keepingSlash && byte == UInt8(ascii: "/")) {
                output.append(byte)
            } else {
                output.append(UInt8(ascii: "%"))
                output.append(Hex.digit(byte >> 4, capital: true))
                output.append(Hex.digit(byte & 15, capital: true))
            }
        }
        return String(decoding: output, as: UTF8.self)
    }

    /// Decodes %XX once. Nil for a broken escape, bytes that are not UTF-8, or a control character.
    /// A plus sign stays a plus sign.
    static func decode(_ text: some StringProtocol) -> String? {
        var output: [UInt8] = []
        output.reserveCapacity(text.utf8.count)
        var bytes = text.utf8.makeIterator()
        while let byte = bytes.next() {
            guard byte == UInt8(ascii: "%") else {
                output.append(byte)
                continue
            }
            guard let high = bytes.next().flatMap(Hex.value), let low = bytes.next().flatMap(Hex.value) else {
                return nil
            }
            output.append(high << 4 | low)
        }
        guard output.allSatisfy({ $0 >= 0x20 && $0 != 0x7F }) else { return nil }
        return String(validating: output, as: UTF8.self)
    }

    private static func isUnreserved(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"),
            UInt8(ascii: "."), UInt8(ascii: "~"):
            true
        default: false
        }
    }
}
