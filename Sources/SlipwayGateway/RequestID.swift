// The id every answer carries in X-Baseten-Request-Id; also sent to the replica and put on log lines.

struct RequestID: Sendable, Equatable {
    /// 32 lower-case hex digits.
    let text: String

    init(text: String) { self.text = text }

    /// 128 random bits.
    static func random() -> RequestID {
        let digits = Array("0123456789abcdef".utf8)
        var high = UInt64.random(in: .min ... .max)
        var low = UInt64.random(in: .min ... .max)
        let text = String(unsafeUninitializedCapacity: 32) { buffer in
            for position in 0..<16 {
                buffer[15 - position] = digits[Int(high & 15)]
                buffer[31 - position] = digits[Int(low & 15)]
                high >>= 4
                low >>= 4
            }
            return 32
        }
        return RequestID(text: text)
    }
}
