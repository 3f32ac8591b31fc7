// The id every answer carries in X-Baseten-Request-Id; also sent to the replica and put on log lines.

struct RequestID: Sendable, Equatable {
    let high: UInt64
    let low: UInt64

    /// 32 lower-case hex digits.
    var text: String {
        String(unsafeUninitializedCapacity: 32) { buffer in
            write { position, digit in buffer[position] = digit }
            return 32
        }
    }

    /// Calls `body` with each of the 32 places and its digit.
    func write(_ body: (Int, UInt8) -> Void) {
        for position in 0..<32 {
            let word = position < 16 ? high : low
            let nibble = UInt8(truncatingIfNeeded: word >> UInt64(60 - 4 * (position & 15))) & 15
            body(position, nibble < 10 ? 48 + nibble : 87 + nibble)
        }
    }
}

/// Ids of one event loop: random enough never to meet another, without a system call each.
struct RequestIDs {
    private var state = (UInt64.random(in: .min ... .max), UInt64.random(in: .min ... .max))

    /// Two words of xoroshiro128++ (Blackman and Vigna 2019).
    mutating func next() -> RequestID { RequestID(high: word(), low: word()) }

    private mutating func word() -> UInt64 {
        let (one, other) = state
        let result = rotate(one &+ other, 17) &+ one
        let mixed = other ^ one
        state = (rotate(one, 49) ^ mixed ^ (mixed << 21), rotate(mixed, 28))
        return result
    }

    private func rotate(_ word: UInt64, _ bits: UInt64) -> UInt64 { (word << bits) | (word >> (64 - bits)) }
}
