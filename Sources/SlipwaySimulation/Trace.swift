// What happened in a simulation, for people and for comparing two runs.

/// Keeps the last lines and a digest of all.
struct Trace {
    private static let kept = 400

    private(set) var digest: UInt64 = 0xCBF2_9CE4_8422_2325
    private(set) var lines: [String] = []
    /// Prints every line as it comes.
    var isLoud = false

    mutating func add(_ line: @autoclosure () -> String, at elapsed: Int64) {
        let text = "\(Self.clock(elapsed)) \(line())"
        // FNV-1a.
        for byte in text.utf8 { digest = (digest ^ UInt64(byte)) &* 0x100_0000_01B3 }
        if isLoud { print(text) }
        lines.append(text)
        if lines.count >= 2 * Self.kept { lines.removeFirst(Self.kept) }
    }

    private static func clock(_ microseconds: Int64) -> String {
        let text = String(Double(microseconds / 1000) / 1000)
        return String(repeating: " ", count: max(0, 9 - text.count)) + text
    }
}
