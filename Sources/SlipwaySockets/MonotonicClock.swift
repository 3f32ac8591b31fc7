// The clock of deadlines and durations.

import Glibc

public enum MonotonicClock {
    /// Nanoseconds since some moment before the start of the process; never goes back.
    public static var now: UInt64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    }
}
