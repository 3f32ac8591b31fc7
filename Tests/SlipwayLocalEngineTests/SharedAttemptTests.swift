// What is made once for all who ask for it.

import Synchronization
import Testing

@testable import SlipwayLocalEngine

@Suite struct SharedAttemptTests {
    private struct Failure: Error {}

    /// Attempts that are made at this moment, the most there were at once, and all.
    private final class Count: Sendable {
        private let now = Mutex((running: 0, most: 0, all: 0))

        var most: Int { now.withLock(\.most) }
        var all: Int { now.withLock(\.all) }

        func attempt(fails: Bool) async throws -> Int {
            now.withLock {
                $0.running += 1
                $0.most = max($0.most, $0.running)
                $0.all += 1
            }
            defer { now.withLock { $0.running -= 1 } }
            for _ in 0..<20 { await Task.yield() }
            if fails { throw Failure() }
            return now.withLock(\.all)
        }
    }

    @Test("those who hear of a failure late leave the next attempt alone: there is never more than one")
    func failures() async {
        let (attempt, count) = (SharedAttempt<Int>(), Count())
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<16 {
                group.addTask {
                    for _ in 0..<200 { _ = try? await attempt.value { try await count.attempt(fails: true) } }
                }
            }
        }
        #expect(count.most == 1)
        #expect(count.all >= 200, "a failure is not kept")
    }

    @Test("a success is kept for those who come later")
    func success() async throws {
        let (attempt, count) = (SharedAttempt<Int>(), Count())
        for _ in 0..<3 {
            #expect(try await attempt.value { try await count.attempt(fails: false) } == 1)
        }
        #expect(count.all == 1)
    }

    @Test("one that is cancelled ends for all who wait, and is made anew for the next")
    func cancellation() async throws {
        let attempt = SharedAttempt<Int>()
        let (began, begin) = AsyncStream.makeStream(of: Void.self)
        let waiter = Task {
            try await attempt.value {
                begin.yield()
                try await Task.sleep(for: .seconds(3600))
                return 1
            }
        }
        for await _ in began { break }
        await attempt.cancel()
        await #expect(throws: CancellationError.self) { try await waiter.value }
        #expect(try await attempt.value { 2 } == 2)
    }
}
