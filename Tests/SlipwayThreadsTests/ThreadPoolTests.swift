// Work off the threads of the concurrency runtime: bounded, in order, and given up with its task.

import Foundation
import Synchronization
import Testing

@testable import SlipwayThreads

@Suite struct ThreadPoolTests {
    private final class Counts: Sendable {
        let running = Mutex((now: 0, most: 0, done: 0))
        let gate = DispatchSemaphore(value: 0)

        func work() {
            running.withLock { counts in
                counts.now += 1
                counts.most = max(counts.most, counts.now)
            }
            gate.wait()
            running.withLock { counts in
                counts.now -= 1
                counts.done += 1
            }
        }
    }

    @Test("no more work runs at once than there are threads, and all of it is done")
    func bounded() async throws {
        let pool = ThreadPool(name: "test", threads: 3)
        let counts = Counts()
        for _ in 0..<200 { counts.gate.signal() }
        try await withThrowingTaskGroup(of: Int.self) { group in
            for number in 0..<200 {
                group.addTask {
                    try await pool.run { _ in
                        counts.work()
                        return number
                    }
                }
            }
            let sum = try await group.reduce(0, +)
            #expect(sum == 199 * 100)
        }
        let (now, most, done) = counts.running.withLock { $0 }
        #expect(now == 0 && done == 200 && (1...3).contains(most))
    }

    @Test("what finds no room is refused, and errors come back")
    func full() async throws {
        let pool = ThreadPool(name: "test", threads: 1, room: 1)
        let counts = Counts()
        #expect(pool.submit { counts.work() })
        while counts.running.withLock({ $0.now }) == 0 { try await Task.sleep(for: .milliseconds(1)) }
        #expect(pool.submit { counts.work() })
        #expect(!pool.submit { counts.work() })
        await #expect(throws: PoolIsFull.self) { try await pool.run { _ in } }
        for _ in 0..<2 { counts.gate.signal() }
        while counts.running.withLock({ $0.done }) < 2 { try await Task.sleep(for: .milliseconds(1)) }
        struct Wrong: Error {}
        await #expect(throws: Wrong.self) { try await pool.run { _ in throw Wrong() } }
    }

    @Test("a cancelled task's work is not begun, or told that nobody waits")
    func cancelled() async throws {
        let pool = ThreadPool(name: "test", threads: 1)
        let begun = DispatchSemaphore(value: 0)
        let running = Task {
            try await pool.run { abandonment in
                begun.signal()
                while !abandonment.isAbandoned { usleep(1000) }
            }
        }
        let waiting = Task { try await pool.run { _ in Issue.record("it was begun") } }
        await withCheckedContinuation { continuation in
            Thread.detachNewThread {
                begun.wait()
                continuation.resume()
            }
        }
        waiting.cancel()
        running.cancel()
        try await running.value
        await #expect(throws: CancellationError.self) { try await waiting.value }
    }
}
