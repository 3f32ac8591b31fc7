// How much output of one process is read at a time, so that one that writes without end costs little.

struct OutputBudget: Sendable {
    /// Bytes a second in the long run.
    static let perSecond = 1 << 20
    /// What may come at once after a while of less: a long traceback, a printed table.
    static let burst = 4 << 20
    /// A line costs this many bytes more, as it is parsed and stored on its own.
    static let perLine = 200

    private var left = Self.burst
    private var filledAt: ContinuousClock.Instant?

    var isSpent: Bool { left <= 0 }

    /// Adds what has come with time.
    mutating func fill(at now: ContinuousClock.Instant) {
        let seconds = filledAt.map { ($0.duration(to: now)) / .seconds(1) } ?? 0
        filledAt = now
        left = Int(min(Double(Self.burst), Double(left) + seconds * Double(Self.perSecond)))
    }

    mutating func take(bytes: Int, lines: Int) { left -= bytes + lines * Self.perLine }
}
