// Work on files of any number and size, on threads of its own: those that tasks share are few.

import SlipwayThreads

enum Blocking {
    /// Trees are walked by recursion.
    static let pool = ThreadPool(name: "slipway-files", threads: 4, stackSize: 4 << 20)

    /// - Throws: what `body` throws, or `CancellationError` when the task is cancelled before its turn.
    static func run<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) async throws -> Value {
        try await pool.run { _ in try body() }
    }
}
