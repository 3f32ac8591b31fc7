// Work that several wait for, made once; it is cancelled with the last of them.

import Synchronization

final class SharedWork: Sendable {
    private struct Waiters {
        var waiting = 0
        var cancelled = 0
    }

    private final class Waiter: Sendable {
        let isCancelled = Atomic(false)
    }

    private let task: Task<Void, any Error>
    private let waiters = Mutex(Waiters())

    init(_ task: Task<Void, any Error>) { self.task = task }

    var hasWaiters: Bool { waiters.withLock { $0.waiting > 0 } }
    /// All who waited were cancelled, and the work with them.
    var isGivenUp: Bool { task.isCancelled }

    /// Returns when the work has ended, however.
    func end() async { _ = try? await task.value }

    /// Waits for the end. A cancelled waiter goes on waiting for what others need; when all are cancelled the work is.
    func wait() async throws {
        waiters.withLock { $0.waiting += 1 }
        // Which of the two endings comes first does not matter: each waiter is counted out once.
        let mine = Waiter()
        defer {
            let wasCancelled = mine.isCancelled.load(ordering: .sequentiallyConsistent)
            waiters.withLock {
                $0.waiting -= 1
                if wasCancelled { $0.cancelled -= 1 }
            }
        }
        try await withTaskCancellationHandler {
            try await task.value
        } onCancel: {
            mine.isCancelled.store(true, ordering: .sequentiallyConsistent)
            let isLast = waiters.withLock { waiters in
                waiters.cancelled += 1
                return waiters.cancelled == waiters.waiting
            }
            if isLast { task.cancel() }
        }
    }
}
