// Unsigned decimal numbers out of headers, queries and XML.

enum DecimalText {
    /// The number, or nil for an empty text, any byte that is not a digit, or a number beyond `Int`.
    static func parse(_ text: some StringProtocol) -> Int? {
        guard text.utf8.allSatisfy({ UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 }) else { return nil }
        return Int(text)
    }
}
