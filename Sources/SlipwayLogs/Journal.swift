// The segments of one deployment's log; `LogStore` owns one per deployment.

import Foundation
import SlipwayCore
import SlipwayThreads
import Synchronization

/// Lines are kept in memory until `flush`, which writes them in order; reading goes from the newest segment
/// back, so that a query for the newest lines reads little.
final class Journal: Sendable {
    private struct State {
        var waiting: [LogEntry] = []
        var waitingBytes = 0
        /// Lines that could not be kept since the last one that says so.
        var lost = 0
        var discarded = false
    }

    /// What is known of the segments.
    private struct Disk {
        /// The time of the last line; nil until the first flush has looked for it.
        var newest: Int64?
        /// False until this process has written: an earlier one may have left half a line.
        var hasWritten = false
    }

    /// What a waiting line takes beside its message, in bytes.
    private static let overhead = 100

    private let directory: String
    private let limits: LogStore.Limits
    private let state: Mutex<State>
    /// Held while segments are written, never while a line is appended or the log is read.
    private let disk = Mutex(Disk())

    init(directory: String, limits: LogStore.Limits) {
        self.directory = directory
        self.limits = limits
        state = Mutex(State())
    }

    func append(_ entry: LogEntry) {
        var entry = entry
        if entry.message.utf8.count > limits.messageBytes {
            entry.message =
                String(decoding: entry.message.utf8.prefix(limits.messageBytes), as: UTF8.self) + " …[cut]"
        }
        state.withLock { state in
            guard !state.discarded else { return }
            // A disk that does not write any more must not fill the memory.
            guard state.waitingBytes < limits.waitingBytes else { return state.lost += 1 }
            state.waiting.append(entry)
            state.waitingBytes += entry.message.utf8.count + Self.overhead
        }
    }

    /// Nothing is written from now on.
    func discard() {
        state.withLock { state in
            state.discarded = true
            state.waiting = []
            state.waitingBytes = 0
            state.lost = 0
        }
    }

    /// Writes what waits. Blocks.
    func flush() {
        BlockingWork.check()
        disk.withLock { disk in
            var (lines, lost) = state.withLock { state in
                defer { (state.waiting, state.waitingBytes) = ([], 0) }
                return (state.waiting, state.lost)
            }
            guard let last = lines.last else { return }
            if lost > 0 {
                lines.append(
                    LogEntry(
                        nanoseconds: last.nanoseconds,
                        message: "\(lost) lines before this one could not be written to the log.",
                        level: .warning))
            }
            var newest = disk.newest ?? Self.newestTime(in: directory)
            Self.order(&lines, after: &newest)
            disk.newest = newest
            let kept = write(lines, &disk)
            // The last of `lines` says how many were lost before, if any were.
            let own = lost > 0 ? lines.count - 1 : lines.count
            state.withLock { $0.lost += kept ? -lost : own }
        }
    }

    /// Reads what is on the disk while more may be written: segments only grow, half a line is passed over, and one that
    /// is deleted meanwhile has no lines.
    /// - Parameter goesOn: asked before each line; may throw to give the search up.
    func read(matching filter: LogFilter, while goesOn: () throws -> Void = {}) throws -> [LogEntry] {
        BlockingWork.check()
        let newestFirst = filter.direction == .desc
        let segments = Self.segments(in: directory)
        var found: [LogEntry] = []
        for number in newestFirst ? segments.reversed() : segments {
            let isUnfinished = try Self.entries(
                inFile: file(number), newestFirst ? .lastToFirst : .firstToLast,
                skipping: { filter.isBefore($0) }
            ) { entry in
                try goesOn()
                if filter.isPast(entry) { return false }
                if filter.matches(entry) { found.append(entry) }
                return found.count < filter.limit
            }
            if !isUnfinished { break }
        }
        return found
    }

    // MARK: Segments

    private func file(_ number: Int) -> String { "\(directory)/\(number).jsonl" }

    private static func segments(in directory: String) -> [Int] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? []
        return names.compactMap { name in
            name.hasSuffix(".jsonl") ? Int(name.dropLast(".jsonl".count)) : nil
        }.sorted()
    }

    /// Passes the entries to `visit` until that returns false, and returns whether it never did.
    private static func entries(
        inFile path: String, _ order: FileLines.Order,
        skipping isSkipped: (LogEntry) -> Bool = { _ in false },
        _ visit: (LogEntry) throws -> Bool
    ) rethrows -> Bool {
        let decoder = JSONDecoder()
        func entry(_ line: Data) -> LogEntry? { try? decoder.decode(StoredLine.self, from: line).entry }
        return try FileLines().read(path, order, skipping: { entry($0).map(isSkipped) ?? false }) { line in
            // A torn last line (a crash while writing) does not decode and is passed over.
            guard let entry = entry(line) else { return true }
            return try visit(entry)
        }
    }

    /// Moves times on where needed, so that they strictly rise, also from what an earlier process has written.
    private static func order(_ lines: inout [LogEntry], after newest: inout Int64) {
        for index in lines.indices {
            lines[index].nanoseconds = max(lines[index].nanoseconds, newest + 1)
            newest = lines[index].nanoseconds
        }
    }

    private static func newestTime(in directory: String) -> Int64 {
        var newest: Int64 = 0
        for number in segments(in: directory).reversed() {
            let isEmpty = entries(inFile: "\(directory)/\(number).jsonl", .lastToFirst) { entry in
                newest = entry.nanoseconds
                return false
            }
            if !isEmpty { break }
        }
        return newest
    }

    /// - Returns: false when not all of them are on the disk.
    private func write(_ lines: [LogEntry], _ disk: inout Disk) -> Bool {
        var numbers = Self.segments(in: directory)
        if numbers.isEmpty {
            try? FileManager.default.createDirectory(
                atPath: directory, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
            numbers = [1]
        }
        var current = numbers[numbers.count - 1]
        let encoder = JSONEncoder()
        var buffer = Data()
        var size = Self.size(of: file(current))
        if !disk.hasWritten, size > 0 { buffer.append(UInt8(ascii: "\n")) }
        var isWhole = true
        func append() {
            if Self.append(buffer, to: file(current)) {
                disk.hasWritten = true
            } else {
                isWhole = false
            }
        }
        for line in lines {
            guard let data = try? encoder.encode(StoredLine(line)) else { continue }
            if size + buffer.count + data.count > limits.segmentBytes, size + buffer.count > 0 {
                append()
                buffer = Data()
                size = 0
                current += 1
                numbers.append(current)
            }
            buffer += data
            buffer.append(UInt8(ascii: "\n"))
        }
        append()
        for number in numbers.dropLast(limits.segments) { unlink(file(number)) }
        return isWhole
    }

    private static func size(of path: String) -> Int {
        var info = stat()
        return stat(path, &info) == 0 ? Int(info.st_size) : 0
    }

    /// A full disk loses log lines and nothing else.
    /// - Returns: whether all was written; otherwise nothing is.
    private static func append(_ data: Data, to path: String) -> Bool {
        let file = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
        guard file >= 0 else { return false }
        defer { Foundation.close(file) }
        let size = size(of: path)
        return data.withUnsafeBytes { bytes in
            var done = 0
            while done < bytes.count {
                let written = Foundation.write(file, bytes.baseAddress! + done, bytes.count - done)
                if written < 0, errno == EINTR { continue }
                if written <= 0 {
                    // Half a line would spoil the next one.
                    ftruncate(file, off_t(size))
                    return false
                }
                done += written
            }
            return true
        }
    }
}

/// A line on disk; short names, since there are many.
private struct StoredLine: Codable {
    var t: Int64
    var m: String
    var r: String?
    var q: String?
    var l: LogLevel?

    init(_ entry: LogEntry) {
        t = entry.nanoseconds
        m = entry.message
        r = entry.replica?.text
        q = entry.requestID
        l = entry.level
    }

    var entry: LogEntry {
        LogEntry(nanoseconds: t, message: m, replica: r.map { ReplicaID($0) }, requestID: q, level: l)
    }
}
