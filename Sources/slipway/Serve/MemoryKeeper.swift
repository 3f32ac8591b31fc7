// Gives freed memory back after a load. The allocator keeps what was freed, in pieces between what is still used, for
// the next load, which may never come.

import CSlipwayLinux
import SlipwayThreads

enum MemoryKeeper {
    /// How often the allocator is asked.
    private static let interval: Duration = .seconds(2)
    /// Bytes freed since the last time that are worth the walk through all of the heap, which takes milliseconds.
    private static let worthwhile = 8 << 20

    /// Looks until the task is cancelled.
    static func run() async {
        // Of the free bytes, those that were free ever since the last walk are the system's already.
        var returned = 0
        while !Task.isCancelled {
            do { try await Task.sleep(for: interval) } catch { return }
            returned = (try? await ThreadPool.disk.run { [returned] _ in giveBack(returned) }) ?? returned
        }
    }

    private static func giveBack(_ returned: Int) -> Int {
        let free = Int(clamping: slipway_free_memory())
        guard free - returned > worthwhile else { return min(returned, free) }
        slipway_trim_memory()
        return Int(clamping: slipway_free_memory())
    }
}
