// Timers of a reactor. Most deadlines are moved far more often than they are met, so moving one later is a store;
// the queue is looked at again when its entry comes up.

import HeapModule

/// A moment at which something is to be done, moved at will. Used on its reactor's thread only.
public final class Deadline {
    /// In nanoseconds of `MonotonicClock`; `.max` for never.
    fileprivate(set) var moment = UInt64.max
    /// When the earliest entry of the queue comes up.
    fileprivate var queued = UInt64.max
    fileprivate let action: () -> Void
    private unowned(unsafe) let reactor: Reactor

    /// - Parameter action: runs when the moment has come; it may set the deadline again.
    public init(on reactor: Reactor, action: @escaping () -> Void) {
        self.reactor = reactor
        self.action = action
    }

    public var isSet: Bool { moment != .max }

    /// Sets or moves it; `moment` is in nanoseconds of `MonotonicClock`.
    public func set(_ moment: UInt64) {
        self.moment = moment
        reactor.deadlines.queue(self, reactor.now)
    }

    public func clear() { moment = .max }
}

struct DeadlineQueue {
    private struct Entry: Comparable {
        var moment: UInt64
        var deadline: Deadline
        static func < (one: Entry, other: Entry) -> Bool { one.moment < other.moment }
        static func == (one: Entry, other: Entry) -> Bool { one.moment == other.moment }
    }

    private var entries = Heap<Entry>()

    /// When to look next, nil for never.
    var next: UInt64? { entries.min?.moment }

    /// Far deadlines are looked at again after so many nanoseconds, so that those of connections that are gone do
    /// not stay for long.
    private static let horizon: UInt64 = 15_000_000_000

    mutating func queue(_ deadline: Deadline, _ now: UInt64) {
        let moment = min(deadline.moment, now + Self.horizon)
        guard moment < deadline.queued else { return }
        deadline.queued = moment
        entries.insert(Entry(moment: moment, deadline: deadline))
    }

    /// The next deadline that is over at `now`; entries of deadlines that were moved go back into the queue.
    mutating func popDue(_ now: UInt64) -> (() -> Void)? {
        while let first = entries.min, first.moment <= now {
            entries.removeMin()
            let deadline = first.deadline
            // An earlier entry has taken this one's place.
            guard deadline.queued == first.moment else { continue }
            deadline.queued = .max
            if deadline.moment <= now {
                deadline.moment = .max
                return deadline.action
            }
            if deadline.moment != .max { queue(deadline, now) }
        }
        return nil
    }
}
