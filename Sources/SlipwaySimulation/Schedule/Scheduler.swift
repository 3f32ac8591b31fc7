// Runs all tasks of the process on one thread in an order drawn from a seed. Time passes only when nothing can run.

import Glibc
import HeapModule

/// There is one per process: it takes every job away from the concurrency runtime's thread pool.
final class Scheduler: @unchecked Sendable {
    /// Microseconds since the start of the simulation.
    private(set) var elapsed: Int64 = 0
    /// Jobs run so far.
    private(set) var steps = 0

    private let dice: Dice
    private var ready: [UnownedJob] = []
    private var timers = Heap<Timer>()
    private var timersMade = 0
    private var sleepers: [Int: UnsafeContinuation<Void, any Error>] = [:]
    private let executor = InlineExecutor()

    private struct Timer: Comparable {
        var at: Int64
        var number: Int
        var fire: () -> Void

        static func < (one: Self, other: Self) -> Bool { (one.at, one.number) < (other.at, other.number) }
        static func == (one: Self, other: Self) -> Bool { one.number == other.number }
    }

    init(dice: Dice) {
        self.dice = dice
        RuntimeHook.takeJobs { [unowned self] in ready.append($0) }
    }

    /// Runs until `isDone`, which is asked after every job, or until nothing is left that could ever run.
    func run(until isDone: () -> Bool) {
        while !isDone() {
            if !ready.isEmpty {
                let index = dice.index(below: ready.count)
                let job = ready[index]
                ready[index] = ready[ready.count - 1]
                ready.removeLast()
                steps += 1
                job.runSynchronously(on: executor.asUnownedSerialExecutor())
            } else if let timer = timers.popMin() {
                elapsed = max(elapsed, timer.at)
                timer.fire()
            } else {
                return
            }
        }
    }

    /// Calls `fire` after `delay`.
    func after(_ delay: Duration, _ fire: @escaping () -> Void) {
        timersMade += 1
        timers.insert(Timer(at: elapsed + max(0, delay.microseconds), number: timersMade, fire: fire))
    }

    /// Returns after `duration`.
    /// - Throws: `CancellationError` as soon as the task is cancelled.
    func sleep(_ duration: Duration) async throws {
        timersMade += 1
        let number = timersMade
        try await withTaskCancellationHandler {
            try await withUnsafeThrowingContinuation {
                (continuation: UnsafeContinuation<Void, any Error>) in
                if Task.isCancelled { return continuation.resume(throwing: CancellationError()) }
                sleepers[number] = continuation
                after(duration) { [unowned self] in sleepers.removeValue(forKey: number)?.resume() }
            }
        } onCancel: {
            sleepers.removeValue(forKey: number)?.resume(throwing: CancellationError())
        }
    }
}

extension Duration {
    var microseconds: Int64 { components.seconds * 1_000_000 + components.attoseconds / 1_000_000_000_000 }
}

/// Jobs run where the scheduler calls them.
private final class InlineExecutor: SerialExecutor {
    func enqueue(_ job: consuming ExecutorJob) {
        RuntimeHook.give(UnownedJob(job))
    }

    func asUnownedSerialExecutor() -> UnownedSerialExecutor { UnownedSerialExecutor(ordinary: self) }
}

/// The place where the concurrency runtime lets a process take over its thread pool.
private enum RuntimeHook {
    private typealias Original = @convention(thin) (UnownedJob) -> Void
    private typealias Hook = @convention(thin) (UnownedJob, Original) -> Void

    nonisolated(unsafe) private static var taker: ((UnownedJob) -> Void)?

    static func give(_ job: UnownedJob) { taker?(job) }

    static func takeJobs(_ take: @escaping (UnownedJob) -> Void) {
        taker = take
        guard let symbol = dlsym(dlopen(nil, RTLD_LAZY), "swift_task_enqueueGlobal_hook") else {
            fatalError("This Swift runtime has no hook for the global executor.")
        }
        let hook: Hook = { job, _ in RuntimeHook.give(job) }
        symbol.assumingMemoryBound(to: Hook?.self).pointee = hook
    }
}
