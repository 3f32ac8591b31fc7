// The way to a reactor from other threads: jobs that run on its thread, in the order they were given.

import CSlipwaySockets
import Glibc
import Synchronization

public final class ReactorThread: Sendable {
    public typealias Job = @Sendable (Reactor) -> Void

    static let tag = UInt64.max

    private struct State {
        var jobs: [Job] = []
        var hasEnded = false
    }

    private let state = Mutex(State())
    private let wakeup: Int32

    private init(wakeup: Int32) { self.wakeup = wakeup }

    deinit { Glibc.close(wakeup) }

    /// Starts a thread with a reactor of its own. Throws when the system has no room for more files or threads.
    public static func start(name: String) throws -> ReactorThread {
        let wakeup = slipway_eventfd()
        guard wakeup >= 0 else { throw SystemError("eventfd") }
        let thread = ReactorThread(wakeup: wakeup)
        let epoll = slipway_epoll_create()
        guard epoll >= 0, slipway_epoll_add_level(epoll, wakeup, tag) == 0 else { throw SystemError("epoll") }
        let start = Unmanaged.passRetained(Start(thread: thread, epoll: epoll, name: name))
        var handle = pthread_t()
        let result = pthread_create(
            &handle, nil,
            { argument in
                // `start` was retained for this call.
                let start = Unmanaged<Start>.fromOpaque(argument.unsafelyUnwrapped).takeRetainedValue()
                slipway_name_thread(start.name)
                Reactor(epoll: start.epoll, inbox: start.thread).run()
                start.thread.end()
                return nil
            }, start.toOpaque())
        guard result == 0 else {
            start.release()
            throw SystemError("pthread_create", number: result)
        }
        pthread_detach(handle)
        return thread
    }

    private final class Start {
        let thread: ReactorThread
        let epoll: Int32
        let name: String
        init(thread: ReactorThread, epoll: Int32, name: String) {
            (self.thread, self.epoll, self.name) = (thread, epoll, name)
        }
    }

    /// Runs `job` on the reactor's thread; never at all once the reactor has stopped.
    public func submit(_ job: @escaping Job) {
        let isFirst = state.withLock { state in
            guard !state.hasEnded else { return false }
            state.jobs.append(job)
            return state.jobs.count == 1
        }
        if isFirst { wake() }
    }

    /// Runs `job` on the reactor's thread and returns its result; nil once the reactor has stopped.
    public func run<Result: Sendable>(_ job: @escaping @Sendable (Reactor) -> Result) async -> Result? {
        await withCheckedContinuation { (continuation: CheckedContinuation<Result?, Never>) in
            let answer = Answer(continuation)
            submit { answer.give(job($0)) }
        }
    }

    /// Resumes with nil when it goes without having been given a result.
    private final class Answer<Result: Sendable>: Sendable {
        private let continuation: Mutex<CheckedContinuation<Result?, Never>?>
        init(_ continuation: CheckedContinuation<Result?, Never>) { self.continuation = Mutex(continuation) }
        deinit { take()?.resume(returning: nil) }
        func give(_ result: Result) { take()?.resume(returning: result) }
        private func take() -> CheckedContinuation<Result?, Never>? {
            continuation.withLock { continuation in
                defer { continuation = nil }
                return continuation
            }
        }
    }

    /// Closes everything the reactor has and ends its thread.
    public func stop() { submit { $0.stop() } }

    private func wake() {
        var one: UInt64 = 1
        _ = write(wakeup, &one, 8)
    }

    func runJobs(on reactor: Reactor) {
        var count: UInt64 = 0
        _ = read(wakeup, &count, 8)
        let jobs = state.withLock { state in
            let jobs = state.jobs
            state.jobs = []
            return jobs
        }
        for job in jobs { job(reactor) }
    }

    private func end() {
        let left = state.withLock { state in
            state.hasEnded = true
            let left = state.jobs
            state.jobs = []
            return left
        }
        // Released outside the lock: what they hold may come back here.
        withExtendedLifetime(left) {}
    }
}
