// An IPv4 address or a range of them, as `egress_restrictions.ip_allow_list` names them.

public struct AddressRange: Sendable, Hashable, Codable, CustomStringConvertible {
    public let address: UInt32
    /// 0–32.
    public let length: Int

    /// Reads `a.b.c.d` or `a.b.c.d/n`, in decimal without leading zeros; nil for anything else.
    public init?(_ text: String) {
        let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        var address: UInt32 = 0
        let bytes = parts[0].split(separator: ".", omittingEmptySubsequences: false)
        guard bytes.count == 4 else { return nil }
        for byte in bytes {
            guard let value = Self.number(byte, max: 255) else { return nil }
            address = address << 8 | UInt32(value)
        }
        guard parts.count == 1 || Self.number(parts[1], max: 32) != nil else { return nil }
        length = parts.count == 1 ? 32 : Self.number(parts[1], max: 32) ?? 32
        // Bits beyond the length mean nothing.
        self.address = length == 0 ? 0 : address & (UInt32.max << UInt32(32 - length))
    }

    private static func number(_ text: Substring, max: Int) -> Int? {
        guard (1...3).contains(text.utf8.count), text.utf8.allSatisfy({ (48...57).contains($0) }),
            text == "0" || text.utf8.first != 48, let value = Int(text), value <= max
        else { return nil }
        return value
    }

    public var description: String {
        let bytes = stride(from: 24, through: 0, by: -8).map { "\(address >> UInt32($0) & 255)" }
        return bytes.joined(separator: ".") + (length == 32 ? "" : "/\(length)")
    }
}
