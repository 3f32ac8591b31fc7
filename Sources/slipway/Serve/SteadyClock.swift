// The one clock of the server: everything that is told a time is told it by this. Only signatures and certificates go
// by the machine's wall clock, as clients make them with theirs.

import Glibc
import Logging
import SlipwayCore
import Synchronization

final class SteadyClock: Sendable {
    private let time: Mutex<SteadyTime>
    private let logger: Logger

    /// A clock that was set back by more than this while no server ran is believed.
    static let longestLead: Duration = .seconds(24 * 3600)

    /// - Parameter past: what the last server came to. Time goes on from there where the machine's clock is behind it,
    ///   or everything that was stored with a time would wait for the clock to catch up.
    init(notBefore past: Timestamp?, logger: Logger) {
        self.logger = logger
        let wall = Self.wall
        let begin = past.map { $0 > wall && $0 - wall <= Self.longestLead ? $0 : wall } ?? wall
        time = Mutex(SteadyTime(begin: begin.microseconds * 1000, elapsed: Self.read(CLOCK_BOOTTIME)))
        if begin != wall {
            logger.warning(
                "the machine's clock is behind the stored records; the server's time goes on from them",
                metadata: ["seconds": "\((begin - wall) / .seconds(1))"])
        }
    }

    var now: Timestamp {
        let (time, jump) = time.withLock { time in
            time.advance(wall: Self.read(CLOCK_REALTIME), elapsed: Self.read(CLOCK_BOOTTIME))
        }
        if let jump {
            logger.warning(
                "the machine's clock was moved; timeouts go on as they were, and the server's time follows slowly",
                metadata: ["seconds": "\(jump / 1_000_000_000)"])
        }
        return Timestamp(microseconds: time / 1000)
    }

    /// The machine's own time, which may jump: for what happens at a time of the day.
    static var wall: Timestamp { Timestamp(microseconds: read(CLOCK_REALTIME) / 1000) }

    /// Nanoseconds. The clock of elapsed time counts a machine's sleep too: that is no jump.
    private static func read(_ clock: clockid_t) -> Int64 {
        var time = timespec()
        clock_gettime(clock, &time)
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }
}
