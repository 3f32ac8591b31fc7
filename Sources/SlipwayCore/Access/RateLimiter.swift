// Fixed windows of calls per key and endpoint (behaviour.md section 8.1).

/// So many calls within so much time.
public struct RateLimit: Sendable, Equatable {
    public var calls: Int
    public var window: Duration

    public init(calls: Int, per window: Duration) {
        self.calls = calls
        self.window = window
    }
}

public struct RateLimiter: Sendable {
    private struct Window: Sendable {
        var end: Timestamp
        var calls: Int
    }

    /// Windows kept at once; past that, those that are over are forgotten.
    private static let kept = 4096

    private var windows: [String: Window] = [:]

    public init() {}

    /// Counts a call. A call that is refused does not count.
    /// - Parameter subject: what the limit holds for: key and endpoint, or an organization.
    /// - Returns: nil when the call may be made, else whole seconds until the next one, at least 1.
    public mutating func take(_ subject: String, _ limit: RateLimit, now: Timestamp) -> Int? {
        if windows.count >= Self.kept { windows = windows.filter { now < $0.value.end } }
        guard let window = windows[subject], now < window.end else {
            windows[subject] = Window(end: now + limit.window, calls: 1)
            return nil
        }
        if window.calls < limit.calls {
            windows[subject]?.calls += 1
            return nil
        }
        return max(1, Int(((window.end - now) / .seconds(1)).rounded(.up)))
    }
}
