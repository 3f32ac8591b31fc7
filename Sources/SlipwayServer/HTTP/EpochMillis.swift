// Times in query parameters: milliseconds since 1970.

enum EpochMillis {
    /// Latest time that still fits nanoseconds in 64 bits, in the year 2262.
    private static let latest = Int64.max / 1_000_000

    /// - Throws: `Refusal.validation` naming the parameter.
    static func checked(_ value: Int?, _ name: String) throws -> Int64? {
        guard let value else { return nil }
        guard (0...latest).contains(Int64(value)) else {
            throw Refusal.validation("\(name) must be a time after 1970 in milliseconds, not \(value).")
        }
        return Int64(value)
    }
}
