// What one event loop counts about one deployment. Only the loop writes it; the lock is there for the readers that
// come every few seconds, so that on the path of a request it is as good as always free.

import SlipwayCore
import Synchronization

final class LoadBook: Sendable {
    struct Page {
        var inFlight = 0
        var parked = 0
        /// Requests in flight, summed over time up to `counted`, in nanoseconds.
        var area: UInt64 = 0
        var counted: UInt64 = 0
        /// Tokens of the requests in flight, where they are counted.
        var tokens = 0
        /// The same, summed over time. No whole number would hold it: tokens come in millions.
        var tokenSeconds = 0.0
        /// When a request last began or ended, or a wake call came.
        var touched: UInt64?
        var answered = 0
        var failed = 0
        /// Ended requests by kind since they were last taken; few kinds, the usual one first.
        var tallies: [(kind: RequestKind, tally: RequestTally)] = []

        /// Counts the time up to `moment`.
        mutating func count(to moment: UInt64) {
            guard moment > counted else { return }
            area += UInt64(inFlight) * (moment - counted)
            if tokens != 0 { tokenSeconds += Double(tokens) * Double(moment - counted) / 1e9 }
            counted = moment
        }
    }

    /// What all loops know about the deployment together.
    let shared: SharedLoad
    private let page = Mutex(Page())
    private let retired = Atomic(false)

    init(shared: SharedLoad) { self.shared = shared }

    /// The deployment was gone at some time: a loop that still meets it opens a new book.
    var isRetired: Bool { retired.load(ordering: .relaxed) }

    /// Retires the book unless something is in flight; false then.
    func retire() -> Bool {
        page.withLock { page in
            guard page.inFlight == 0 else { return false }
            retired.store(true, ordering: .relaxed)
            return true
        }
    }

    /// - Parameter moment: of `MonotonicClock`; here and below.
    func read<Result: Sendable>(at moment: UInt64, _ body: (inout Page) -> Result) -> Result {
        page.withLock { page in
            page.count(to: moment)
            return body(&page)
        }
    }

    func began(_ moment: UInt64) { change(moment) { $0.inFlight += 1 } }

    /// Not answered here: it goes on elsewhere.
    func moved(_ moment: UInt64) { change(moment) { $0.inFlight -= 1 } }

    /// A wake call: activity without a request.
    func touched(_ moment: UInt64) { change(moment) { _ in } }

    func ended(_ request: EndedRequest, at moment: UInt64) {
        change(moment) { page in
            page.inFlight -= 1
            page.answered += 1
            if request.kind.status >= 500 { page.failed += 1 }
            page.record(request)
        }
    }

    /// A request in flight has so many tokens more, or less.
    func add(tokens: Int, at moment: UInt64) {
        page.withLock { page in
            page.count(to: moment)
            page.tokens += tokens
        }
    }

    func parked(_ change: Int) { page.withLock { $0.parked += change } }

    private func change(_ moment: UInt64, _ body: (inout Page) -> Void) {
        page.withLock { page in
            page.count(to: moment)
            page.touched = moment
            body(&page)
        }
    }
}

extension LoadBook.Page {
    fileprivate mutating func record(_ request: EndedRequest) {
        for index in tallies.indices where tallies[index].kind == request.kind {
            return tallies[index].tally.record(request)
        }
        var tally = RequestTally()
        tally.record(request)
        tallies.append((request.kind, tally))
    }
}

/// What the loops share about one deployment.
final class SharedLoad: Sendable {
    /// Requests that wait for a replica, on all loops.
    let waiting = Atomic<Int>(0)
    /// Of these, the ones that were told to try now: the room they go for is not free for others.
    let called = Atomic<Int>(0)
    /// What its answers have taught about tokens.
    let ratios = TokenRatios()
}
