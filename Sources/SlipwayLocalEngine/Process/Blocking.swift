// Work that blocks, on a thread of its own: the threads that tasks share are few.

import Foundation

enum Blocking {
    static func run<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) async throws -> Value {
        try await withCheckedThrowingContinuation { continuation in
            let thread = Thread { continuation.resume(with: Result(catching: body)) }
            // Trees are walked by recursion.
            thread.stackSize = 4 << 20
            thread.start()
        }
    }
}
