// Time for everything the platform waits for: never goes back and makes no jumps, whatever becomes of the machine's
// wall clock.

/// Time that begins with the wall clock's, runs on with a clock that only measures how time passes, and follows the
/// wall clock slowly when that was moved. A wait of a minute takes between 54 and 66 seconds while it follows, and an
/// hour's jump is made up for within ten hours, in both directions.
public struct SteadyTime: Sendable {
    /// Of what passes, this part is gained or lost while the wall clock is somewhere else.
    static let slewing: Int64 = 10
    /// Less between two looks is the wall clock's own adjustment and not a jump. Nanoseconds.
    static let smallestJump: Int64 = 2_000_000_000

    /// All three in nanoseconds.
    private var steady: Int64
    private var elapsed: Int64
    /// How far the wall clock is ahead; nil before the first look.
    private var gap: Int64?

    /// - Parameters:
    ///   - begin: nanoseconds since 1970 to begin with: the wall clock's, or later.
    ///   - elapsed: nanoseconds of a clock that nobody sets.
    public init(begin: Int64, elapsed: Int64) {
        steady = begin
        self.elapsed = elapsed
    }

    /// Takes a look at both clocks.
    /// - Returns: nanoseconds since 1970, never less than before, and by how many nanoseconds the wall clock has jumped
    ///   since the last look, if it has.
    public mutating func advance(wall: Int64, elapsed now: Int64) -> (time: Int64, jump: Int64?) {
        let passed = max(0, now - elapsed)
        elapsed = max(now, elapsed)
        steady += passed
        let jump = gap.map { wall - steady - $0 } ?? 0
        let most = passed / Self.slewing
        steady += min(max(wall - steady, -most), most)
        gap = wall - steady
        return (steady, abs(jump) >= Self.smallestJump ? jump : nil)
    }
}
