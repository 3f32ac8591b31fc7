// Finds blocking work on the threads of the concurrency runtime, in debug builds of the server: all tests of the running
// program look for it.

import Synchronization

public enum BlockingWork {
    #if DEBUG
        private static let isForbidden = Atomic<Bool>(false)
    #endif

    /// From now on blocking work in a task ends this process, where this is a debug build. For the server: simulations
    /// and unit tests have one thread, or time.
    public static func forbidInTasks() {
        #if DEBUG
            isForbidden.store(true, ordering: .relaxed)
        #endif
    }

    /// Called by whatever waits for the disk for long or computes for long.
    @inlinable
    public static func check(_ caller: StaticString = #function) {
        #if DEBUG
            endIfInTask(caller)
        #endif
    }

    #if DEBUG
        @usableFromInline
        static func endIfInTask(_ caller: StaticString) {
            guard isForbidden.load(ordering: .relaxed) else { return }
            // A thread of a pool has no task of its own.
            if withUnsafeCurrentTask(body: { $0 != nil }) {
                fatalError("\(caller) blocks a thread of the concurrency runtime; it belongs on a ThreadPool")
            }
        }
    #endif
}
