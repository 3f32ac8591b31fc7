// The load of one deployment over a sliding window, from a running total of request-seconds.

/// Remembers how many request-seconds there had been at some moments, so that the average number of requests in
/// flight over any recent window is exact and not a matter of when samples fell.
public struct LoadHistory: Sendable, Equatable {
    private struct Point: Sendable, Equatable {
        var at: Timestamp
        var total: Double
    }

    /// Oldest first; the first one may lie before the window.
    private var points: [Point]

    /// - Parameters:
    ///   - since: when observation began; there was no load before.
    ///   - total: request-seconds at that moment.
    public init(since: Timestamp, total: Double = 0) { points = [Point(at: since, total: total)] }

    /// Notes the total of request-seconds as of `now` and forgets what lies before the window.
    /// - Parameters:
    ///   - rest: until then there was no load since the last note; nil where it may have been there all along.
    ///   - window: seconds.
    public mutating func note(
        _ total: Double, at now: Timestamp, restingUntil rest: Timestamp? = nil, window: Int
    ) {
        if let rest, let last = points.last, rest > last.at, rest < now {
            points.append(Point(at: rest, total: last.total))
        }
        guard let last = points.last, now > last.at else { return }
        points.append(Point(at: now, total: total))
        let begin = now + .seconds(-window)
        // The newest point before the window stays: the window begins between it and the next.
        let old = points.prefix { $0.at <= begin }.count
        if old > 1 { points.removeFirst(old - 1) }
    }

    /// Requests in flight on average over the last `window` seconds, or over the time observed when that is
    /// shorter.
    public func average(window: Int) -> Double {
        guard let last = points.last, let first = points.first, last.at > first.at else { return 0 }
        let begin = max(first.at, last.at + .seconds(-window))
        let span = Self.seconds(last.at - begin)
        return max(0, last.total - total(at: begin)) / span
    }

    private func total(at moment: Timestamp) -> Double {
        guard let after = points.firstIndex(where: { $0.at > moment }), after > 0 else {
            return points.first?.total ?? 0
        }
        let (left, right) = (points[after - 1], points[after])
        let share = Self.seconds(moment - left.at) / Self.seconds(right.at - left.at)
        return left.total + (right.total - left.total) * share
    }

    private static func seconds(_ duration: Duration) -> Double { duration / .seconds(1) }
}
