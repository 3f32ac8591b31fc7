// Where new ids and free choices come from.

/// The system's generator, or a seeded one for all that runs inside `with`, so that a simulation can be repeated.
/// Keys and secrets never come from it.
public struct Randomness: RandomNumberGenerator, Sendable {
    @TaskLocal private static var source: (@Sendable () -> UInt64)?

    public init() {}

    public mutating func next() -> UInt64 {
        if let source = Self.source { return source() }
        var system = SystemRandomNumberGenerator()
        return system.next()
    }

    /// Draws from `source` in `body` and every task it starts.
    public static func with<Result>(
        _ source: @escaping @Sendable () -> UInt64, _ body: () throws -> Result
    ) rethrows -> Result {
        try $source.withValue(source, operation: body)
    }
}
