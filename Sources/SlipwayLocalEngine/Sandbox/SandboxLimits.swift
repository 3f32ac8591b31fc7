// What a sandboxed process and all it starts may take of the machine.

import Foundation
import SlipwayCore

struct SandboxLimits: Sendable {
    var memoryMiB: Int
    var millicpu: Int
    /// Processes and threads: plenty for worker pools, too few for a fork bomb.
    var processes = 4096
    var disk: DiskLimit
    /// From its start to its end; nil for what may run for ever.
    var time: Duration?

    /// Of a replica of this type.
    static func replica(_ type: InstanceType, disk: DiskLimit) -> SandboxLimits {
        SandboxLimits(memoryMiB: type.memoryMiB, millicpu: type.millicpu, disk: disk)
    }

    /// Of one step of a build: half of the memory, and processor time that leaves something to replicas that serve.
    static func build(disk: DiskLimit, time: Duration) -> SandboxLimits {
        let cores = max(1, ProcessInfo.processInfo.activeProcessorCount)
        let memory = Int(clamping: ProcessInfo.processInfo.physicalMemory >> 20)
        return SandboxLimits(
            memoryMiB: max(2048, memory / 2), millicpu: max(1000, cores * 750), disk: disk, time: time)
    }

    /// Of the planner, which copies files and renders templates.
    static func planner(disk: DiskLimit) -> SandboxLimits {
        SandboxLimits(memoryMiB: 2048, millicpu: 2000, processes: 64, disk: disk)
    }
}

struct DiskLimit: Sendable, Equatable {
    var bytes: Int64
    /// Files and directories: a file system has so many, whatever their size.
    var files = 1_000_000

    /// As much more as there is already.
    func adding(_ usage: DiskUsage) -> DiskLimit {
        var limit = self
        limit.bytes = bytes.addingClamped(usage.bytes)
        limit.files = Int(clamping: Int64(files).addingClamped(Int64(usage.files)))
        return limit
    }

    /// A quarter of the file system that holds `path`, at least a gibibyte.
    static func share(of path: String) -> DiskLimit {
        var status = statvfs()
        guard statvfs(path, &status) == 0 else { return DiskLimit(bytes: 1 << 30) }
        let (size, isTooLarge) = Int64(clamping: UInt64(status.f_blocks)).multipliedReportingOverflow(
            by: Int64(clamping: UInt64(status.f_frsize)))
        return DiskLimit(bytes: max(1 << 30, (isTooLarge ? Int64.max : size) / 4))
    }
}

extension Int64 {
    /// The largest number there is where the sum would be larger.
    func addingClamped(_ other: Int64) -> Int64 {
        let (sum, isTooMuch) = addingReportingOverflow(other)
        return isTooMuch ? .max : sum
    }
}
