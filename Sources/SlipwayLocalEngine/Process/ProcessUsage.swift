// What sessions take of the machine, from /proc.

import Foundation
import SlipwayEngine

enum ProcessUsage {
    private static let ticksPerSecond = Double(sysconf(Int32(_SC_CLK_TCK)))
    private static let pageSize = sysconf(Int32(_SC_PAGESIZE))

    /// Every session of this machine. A replica is one, of several process groups; processes that have been waited for
    /// count through their parents.
    static func bySession() -> [Int32: ReplicaUsage] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
        return names.compactMap { Int32($0) }.reduce(into: [:]) { sessions, pid in
            guard let (session, usage) = read(pid) else { return }
            sessions[session, default: ReplicaUsage(cpuSeconds: 0, memoryBytes: 0)].cpuSeconds +=
                usage.cpuSeconds
            sessions[session]?.memoryBytes += usage.memoryBytes
        }
    }

    /// From `/proc/PID/stat`, whose fields are counted from 1 in proc(5): 6 is the session, 14–17 are ticks of CPU time
    /// of the process and of its ended children, 24 resident pages.
    private static func read(_ pid: Int32) -> (session: Int32, ReplicaUsage)? {
        guard let text = try? String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8),
            let name = text.lastIndex(of: ")")
        else { return nil }
        // The name in field 2 may hold spaces: fields are counted after it.
        let fields = text[text.index(after: name)...].split(separator: " ")
        guard fields.count > 21, let session = Int32(fields[3]), let pages = Int(fields[21]) else {
            return nil
        }
        let ticks = fields[11...14].compactMap { Double($0) }.reduce(0, +)
        return (session, ReplicaUsage(cpuSeconds: ticks / ticksPerSecond, memoryBytes: pages * pageSize))
    }
}
