// IP addresses as numbers, and which of them nobody's results are delivered to.

/// An IPv4 or IPv6 address.
public struct NetworkAddress: Sendable, Equatable {
    /// 4 or 16.
    private let bytes: [UInt8]

    /// Reads `a.b.c.d` in plain decimal numbers, or IPv6 without a zone. Other ways to write an address (one number,
    /// octal, hexadecimal, parts left out) are nil: readers differ about them.
    public init?(_ text: String) {
        guard let bytes = text.utf8.contains(58) ? Self.six(text) : Self.four(text) else { return nil }
        self.bytes = bytes
    }

    private init(four bytes: some Sequence<UInt8>) { self.bytes = Array(bytes) }

    private static func four(_ text: String) -> [UInt8]? {
        let parts = text.utf8.split(separator: 46, omittingEmptySubsequences: false)
        guard parts.count == 4 else { return nil }
        var bytes: [UInt8] = []
        for part in parts {
            guard (1...3).contains(part.count), part.count == 1 || part.first != 48,
                part.allSatisfy({ (48...57).contains($0) }), let byte = UInt8(String(Substring(part)))
            else { return nil }
            bytes.append(byte)
        }
        return bytes
    }

    private static func six(_ text: String) -> [UInt8]? {
        guard let gap = text.firstRange(of: "::") else {
            guard let bytes = groups(text[...], endsHere: true), bytes.count == 16 else { return nil }
            return bytes
        }
        guard let head = groups(text[..<gap.lowerBound], endsHere: false),
            let tail = groups(text[gap.upperBound...], endsHere: true),
            head.count + tail.count <= 14
        else { return nil }
        return head + [UInt8](repeating: 0, count: 16 - head.count - tail.count) + tail
    }

    /// The groups of one side of `::`; the last of the address may be an IPv4 address.
    private static func groups(_ text: Substring, endsHere: Bool) -> [UInt8]? {
        if text.isEmpty { return [] }
        let parts = text.utf8.split(separator: 58, omittingEmptySubsequences: false)
        var bytes: [UInt8] = []
        for (index, part) in parts.enumerated() {
            let group = String(Substring(part))
            if endsHere, index == parts.count - 1, let last = four(group) {
                bytes += last
                continue
            }
            guard (1...4).contains(part.count), part.allSatisfy(isHex), let number = UInt16(group, radix: 16)
            else { return nil }
            bytes += [UInt8(number >> 8), UInt8(truncatingIfNeeded: number)]
        }
        return bytes.count <= 16 ? bytes : nil
    }

    private static func isHex(_ byte: UInt8) -> Bool {
        (48...57).contains(byte) || (97...102).contains(byte | 32)
    }

    /// The IPv4 address inside an IPv6 one that leads to it: mapped, compatible, translated (NAT64) or 6to4.
    private var inner: NetworkAddress {
        guard bytes.count == 16 else { return self }
        let zeros = { (range: Range<Int>) in bytes[range].allSatisfy { $0 == 0 } }
        let isMapped = zeros(0..<10) && bytes[10] == 0xFF && bytes[11] == 0xFF
        let isCompatible = zeros(0..<12) && !(zeros(12..<15) && bytes[15] <= 1)
        let isTranslated = bytes.starts(with: [0, 0x64, 0xFF, 0x9B]) && zeros(4..<12)
        if isMapped || isCompatible || isTranslated { return NetworkAddress(four: bytes[12...]) }
        if bytes.starts(with: [0x20, 0x02]) { return NetworkAddress(four: bytes[2..<6]) }
        return self
    }

    /// 127/8 and `::1`.
    public var isLoopback: Bool {
        let bytes = inner.bytes
        return bytes.count == 4 ? bytes[0] == 127 : bytes.dropLast().allSatisfy { $0 == 0 } && bytes[15] == 1
    }

    /// Whether it is link-local, unspecified, of many machines at once, or where a cloud hands out the credentials of
    /// its machines.
    public var isNobodys: Bool {
        let bytes = inner.bytes
        if bytes.count == 4 {
            return bytes[0] == 0 || bytes[0] >= 224 || bytes.starts(with: [169, 254])
                || Self.metadata.contains(bytes)
        }
        return bytes.allSatisfy { $0 == 0 } || bytes[0] == 0xFF || bytes[0] == 0xFE && bytes[1] & 0xC0 == 0x80
            || Self.metadata.contains(bytes)
    }

    /// Beside 169.254.169.254: those of Alibaba, Azure's host and Oracle, and that of AWS in IPv6.
    private static let metadata: Set<[UInt8]> = [
        [100, 100, 100, 200], [168, 63, 129, 16], [192, 0, 0, 192],
        [0xFD, 0, 0x0E, 0xC2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0x54],
    ]
}
