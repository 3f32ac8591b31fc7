// Threads of their own for work that waits for the disk or computes for long: on the few threads of the concurrency
// runtime it would hold up every request.

import Foundation
import Synchronization

/// More work waits for a pool than it takes on.
public struct PoolIsFull: Error, Sendable {}

/// Says to work that is under way that nobody waits for it any more.
public final class Abandonment: Sendable {
    private let flag = Atomic<Bool>(false)

    public init() {}

    public var isAbandoned: Bool { flag.load(ordering: .relaxed) }
    func abandon() { flag.store(true, ordering: .relaxed) }
}

/// A bounded number of threads that take work in the order it comes. They are made when they are first needed and stay.
public final class ThreadPool: Sendable {
    private struct State {
        var waiting: [@Sendable () -> Void] = []
        /// Work at the front of `waiting` that was taken already.
        var taken = 0
        var threads = 0
        var idle = 0
    }

    private let name: String
    private let most: Int
    private let room: Int
    private let stackSize: Int
    private let state = Mutex(State())
    private let work = DispatchSemaphore(value: 0)

    /// - Parameters:
    ///   - threads: how much work is done at once.
    ///   - room: how much may wait beside that.
    ///   - stackSize: of each thread, in bytes.
    public init(name: String, threads: Int, room: Int = .max, stackSize: Int = 1 << 20) {
        precondition(threads > 0 && room > 0)
        self.name = name
        most = threads
        self.room = room
        self.stackSize = stackSize
    }

    /// For what reads and writes files.
    public static let disk = ThreadPool(name: "slipway-disk", threads: 4)

    /// Runs `body` on one of the threads and returns what it returns.
    /// - Throws: `PoolIsFull`, `CancellationError` when the task was cancelled before its turn, or what `body` throws.
    public func run<Result: Sendable>(
        _ body: @escaping @Sendable (Abandonment) throws -> Result
    ) async throws -> Result {
        let abandonment = Abandonment()
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation {
                (continuation: CheckedContinuation<Result, any Error>) in
                let isTaken = submit {
                    continuation.resume(
                        with: Swift.Result {
                            if abandonment.isAbandoned { throw CancellationError() }
                            return try body(abandonment)
                        })
                }
                if !isTaken { continuation.resume(throwing: PoolIsFull()) }
            }
        } onCancel: {
            abandonment.abandon()
        }
    }

    /// Runs `job` on one of the threads.
    /// - Returns: false when there is no room for it.
    @discardableResult
    public func submit(_ job: @escaping @Sendable () -> Void) -> Bool {
        let (isTaken, needsThread) = state.withLock { state -> (Bool, Bool) in
            guard state.waiting.count - state.taken < room else { return (false, false) }
            state.waiting.append(job)
            // A thread that waits takes one; each that is busy has its own.
            let needsThread = state.idle < state.waiting.count - state.taken && state.threads < most
            if needsThread { state.threads += 1 }
            return (true, needsThread)
        }
        guard isTaken else { return false }
        if needsThread {
            let thread = Thread { [self] in serve() }
            thread.name = name
            thread.stackSize = stackSize
            thread.start()
        }
        work.signal()
        return true
    }

    private func serve() -> Never {
        while true {
            state.withLock { $0.idle += 1 }
            work.wait()
            let job = state.withLock { state -> (@Sendable () -> Void)? in
                state.idle -= 1
                guard state.taken < state.waiting.count else { return nil }
                let job = state.waiting[state.taken]
                state.taken += 1
                if state.taken == state.waiting.count || state.taken > 1024 {
                    state.waiting.removeFirst(state.taken)
                    state.taken = 0
                }
                return job
            }
            job?()
        }
    }
}
