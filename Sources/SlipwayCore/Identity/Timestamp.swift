// Points in time as the core knows them: the shell reads the clock and passes them in.

/// Microseconds since 1970-01-01T00:00:00Z.
public struct Timestamp: Hashable, Sendable, Codable, Comparable {
    public let microseconds: Int64

    public init(microseconds: Int64) { self.microseconds = microseconds }

    public static func < (left: Self, right: Self) -> Bool { left.microseconds < right.microseconds }

    /// The time that lies `duration` after `time` (precise to a microsecond); the last or first time there is, where
    /// it would lie beyond.
    public static func + (time: Self, duration: Duration) -> Self {
        let (seconds, attoseconds) = duration.components
        let (whole, isTooLong) = seconds.multipliedReportingOverflow(by: 1_000_000)
        let span = isTooLong ? (seconds < 0 ? .min : .max) : whole
        return Self(
            microseconds: time.microseconds.clampedSum(span)
                .clampedSum(attoseconds / 1_000_000_000_000))
    }

    /// How long `later` lies after `earlier`; the longest span 64 bits of microseconds hold, where it is longer.
    public static func - (later: Self, earlier: Self) -> Duration {
        let (span, isTooLong) = later.microseconds.subtractingReportingOverflow(earlier.microseconds)
        return .microseconds(isTooLong ? (later < earlier ? .min : .max) : span)
    }

    public init(from decoder: any Decoder) throws {
        microseconds = try decoder.singleValueContainer().decode(Int64.self)
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(microseconds)
    }
}

extension Int64 {
    fileprivate func clampedSum(_ other: Int64) -> Int64 {
        let (sum, isTooLarge) = addingReportingOverflow(other)
        return isTooLarge ? (other < 0 ? .min : .max) : sum
    }
}
