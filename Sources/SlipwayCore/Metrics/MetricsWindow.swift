// The span of time metrics are asked for, and its steps. Samples are one minute long, and so is the shortest step.

public struct MetricsWindow: Sendable, Equatable {
    /// How long samples are kept, and the longest window (behaviour.md section 10).
    public static let longest: Duration = .seconds(7 * 24 * 3600)
    /// Length of a window whose start is not named.
    public static let usual: Duration = .seconds(3600)
    /// A series has at most about this many points.
    private static let mostSteps: Int64 = 61
    /// Seconds; each a multiple of the one before or a usual unit of time.
    private static let stepLengths: [Int64] = [
        60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 14400,
    ]

    public var start: Timestamp
    public var end: Timestamp

    public init(start: Timestamp, end: Timestamp) {
        self.start = start
        self.end = end
    }

    /// Seconds per point of a series.
    public var stepSeconds: Int64 {
        let seconds = max(1, Int64((end - start) / .seconds(1)))
        return Self.stepLengths.first { seconds / $0 < Self.mostSteps } ?? Self.stepLengths.last!
    }

    /// Where the steps of a series begin: evenly spaced from the start, and besides at each of `splits` that lies
    /// within the window.
    public func steps(splitAt splits: [Timestamp] = []) -> [Timestamp] {
        let step = stepSeconds * 1_000_000
        let even = stride(from: start.microseconds, to: end.microseconds, by: Int64.Stride(step))
        let inside = splits.map(\.minute.microseconds).filter {
            start.microseconds < $0 && $0 < end.microseconds
        }
        return Set(even).union(inside).sorted().map { Timestamp(microseconds: $0) }
    }
}

extension Timestamp {
    /// The begin of the minute this moment lies in.
    public var minute: Timestamp {
        Timestamp(microseconds: microseconds - ((microseconds % 60_000_000) + 60_000_000) % 60_000_000)
    }
}
