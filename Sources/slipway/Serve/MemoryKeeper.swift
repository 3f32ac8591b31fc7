// Gives freed memory back after a load. The allocator keeps what was freed, in pieces between what is still used, for
// the next load, which may never come.

import CSlipwayLinux
import Glibc
import SlipwayThreads

enum MemoryKeeper {
    /// How often the resident memory is looked at.
    private static let interval: Duration = .seconds(2)
    /// Growth since the last time that is worth the walk through all of the heap, which takes milliseconds.
    private static let worthwhile = 16 << 20

    /// Looks until the task is cancelled.
    static func run() async {
        var least = residentBytes
        while !Task.isCancelled {
            do { try await Task.sleep(for: interval) } catch { return }
            let now = residentBytes
            guard now - least > worthwhile else {
                least = min(least, now)
                continue
            }
            try? await ThreadPool.disk.run { _ in slipway_trim_memory() }
            least = residentBytes
        }
    }

    /// What of the process is in memory; 0 where that cannot be told.
    static var residentBytes: Int {
        guard let file = fopen("/proc/self/statm", "re") else { return 0 }
        defer { fclose(file) }
        var line = [CChar](repeating: 0, count: 128)
        guard fgets(&line, Int32(line.count), file) != nil else { return 0 }
        let fields = line.prefix { $0 != 0 }.split(separator: 32)
        guard fields.count > 1 else { return 0 }
        let digits = fields[1].map { UInt8(bitPattern: $0) }
        return (Int(String(decoding: digits, as: UTF8.self)) ?? 0) * sysconf(Int32(_SC_PAGESIZE))
    }
}
