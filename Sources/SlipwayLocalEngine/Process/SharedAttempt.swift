// What is made once for all who ask for it, and tried again after a failure.

import Synchronization

/// Whoever asks during an attempt waits for its end; a success is kept, after a failure the next to ask begins anew.
final class SharedAttempt<Value: Sendable>: Sendable {
    private let running = Mutex<Task<Value, any Error>?>(nil)

    func value(_ make: @escaping @Sendable () async throws -> Value) async throws -> Value {
        let task = running.withLock { running in
            if let running { return running }
            let task = Task { try await make() }
            running = task
            return task
        }
        do {
            return try await task.value
        } catch {
            // Who hears of the failure late finds another attempt perhaps, and leaves it alone.
            running.withLock { if $0 == task { $0 = nil } }
            throw error
        }
    }

    /// Ends an attempt that is under way, for all who wait for it.
    func cancel() async {
        let task = running.withLock(\.self)
        task?.cancel()
        _ = try? await task?.value
    }
}
