// Ends processes that take more of the disk than they may. `docs/decisions/disk-limits.md` says why this is not a quota
// of the file system.

import Foundation
import SlipwayCore
import Synchronization

final class DiskWatch: Sendable {
    static let shared = DiskWatch()

    /// Something that is watched from `watch` to `forget`.
    final class Subject: Sendable {
        let directories: [String]
        let limit: DiskLimit
        fileprivate let processes: @Sendable () -> [Int32]
        fileprivate let end: @Sendable () -> Void
        private let found = Mutex<String?>(nil)
        fileprivate let isForgotten = Atomic<Bool>(false)

        fileprivate init(
            _ directories: [String], _ limit: DiskLimit, processes: @escaping @Sendable () -> [Int32],
            end: @escaping @Sendable () -> Void
        ) {
            self.directories = directories
            self.limit = limit
            self.processes = processes
            self.end = end
        }

        /// Why it was ended; nil when it was not.
        var reason: String? { found.withLock { $0 } }

        /// - Returns: whether it has to end.
        fileprivate func measure() -> Bool {
            var usage = DiskUsage(limit: limit)
            for directory in directories { usage.add(directory: directory) }
            if usage.problem == nil { usage.add(deletedFilesOf: processes()) }
            guard let problem = usage.problem else { return false }
            found.withLock { $0 = problem }
            return true
        }
    }

    /// Between two looks at one subject, unless looking takes long.
    private static let interval: Duration = .seconds(1)
    /// How much longer than a look the pause after it is.
    private static let rest = 10

    private struct State {
        var subjects: [(subject: Subject, due: ContinuousClock.Instant)] = []
        var hasThread = false
    }

    private let state = Mutex(State())

    /// - Parameters:
    ///   - processes: those whose deleted files count too.
    ///   - end: called once, from a thread of this watch, when the limit is passed.
    func watch(
        _ directories: [String], _ limit: DiskLimit, processes: @escaping @Sendable () -> [Int32],
        end: @escaping @Sendable () -> Void
    ) -> Subject {
        let subject = Subject(directories, limit, processes: processes, end: end)
        if Wall.diskLimit.isRemoved { return subject }
        let needsThread = state.withLock { state in
            state.subjects.append((subject, .now + Self.interval))
            defer { state.hasThread = true }
            return !state.hasThread
        }
        if needsThread {
            // Looking blocks, so not on the threads that tasks share.
            let thread = Thread { [self] in work() }
            thread.name = "slipway-disk"
            thread.start()
        }
        return subject
    }

    func forget(_ subject: Subject) {
        subject.isForgotten.store(true, ordering: .relaxed)
        state.withLock { $0.subjects.removeAll { $0.subject === subject } }
    }

    /// Until nothing is left to watch.
    private func work() {
        while true {
            let due: [Subject]? = state.withLock { state in
                if state.subjects.isEmpty {
                    state.hasThread = false
                    return nil
                }
                return state.subjects.filter { $0.due <= .now }.map(\.subject)
            }
            guard let due else { return }
            for subject in due {
                let start = ContinuousClock.now
                let mustEnd = subject.measure()
                if mustEnd, !subject.isForgotten.load(ordering: .relaxed) { subject.end() }
                let next = ContinuousClock.now + max(Self.interval, start.duration(to: .now) * Self.rest)
                state.withLock { state in
                    guard let index = state.subjects.firstIndex(where: { $0.subject === subject }) else {
                        return
                    }
                    if mustEnd { state.subjects.remove(at: index) } else { state.subjects[index].due = next }
                }
            }
            usleep(100_000)
        }
    }
}
