// Follows a file that another process appends to, line by line. The file outlives this process, so that output
// written while no server ran is read by the next one. What comes faster than it can be read is passed over, and
// what was read or passed over is given back to the disk.

import CSlipwayLinux
import Foundation

struct OutputTail {
    /// Longer lines are cut into pieces.
    static let longestLine = 64 << 10
    /// Consumed bytes that are given back to the disk at a time.
    static let freedAtOnce: Int64 = 1 << 20
    /// Read in one call, so that what comes meanwhile does not pile up while these lines are looked at.
    static let readAtOnce: Int64 = 256 << 10
    /// With more unread, all but the last `keptOfBacklog` bytes are passed over.
    static let longestBacklog: Int64 = 8 << 20
    static let keptOfBacklog: Int64 = 64 << 10
    /// A file of this length is begun anew: file systems have a longest file, and holes count.
    static let longestFile: Int64 = 1 << 30
    /// Bytes that are kept for the process on a disk that fills up: a model that prints must not fail for it.
    static let reserve: Int64 = 1 << 20

    let path: String
    /// Bytes consumed so far; whole lines only.
    private(set) var offset: Int64
    /// Bytes passed over since `takeDropped`.
    private var dropped: Int64 = 0
    private var freed: Int64 = 0
    private var reserved: Int64 = 0
    private var budget = OutputBudget()
    /// The last call has left something that may be read at once.
    private(set) var hasMore = false

    init(path: String, offset: Int64 = 0) {
        self.path = path
        self.offset = offset
    }

    /// The whole lines written since the last call, as far as the budget goes.
    /// - Parameter final: also returns an unfinished last line, and the last lines whatever the budget.
    mutating func lines(final: Bool = false, now: ContinuousClock.Instant = .now) -> [String] {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return [] }
        defer { close(file) }
        budget.fill(at: now)
        let size = Self.size(of: file)
        if size < offset { (offset, freed, reserved) = (0, 0, 0) }
        let begin = offset
        var lines: [String] = []
        var buffer = [UInt8](repeating: 0, count: Self.longestLine)
        if !budget.isSpent || final { read(file, &buffer, &lines, final: final) }
        let kept = final ? Self.keptOfBacklog : Self.longestBacklog
        if size - offset > kept { passOver(to: size - Self.keptOfBacklog, file, &buffer) }
        if final { read(file, &buffer, &lines, final: true, regardless: true) }
        hasMore = !budget.isSpent && offset > begin && offset < size
        return lines
    }

    /// How many bytes were passed over since the last call.
    mutating func takeDropped() -> Int64 {
        defer { dropped = 0 }
        return dropped
    }

    private mutating func read(
        _ file: Int32, _ buffer: inout [UInt8], _ lines: inout [String], final: Bool,
        regardless: Bool = false
    ) {
        let begin = offset
        while regardless || !budget.isSpent, final || offset - begin < Self.readAtOnce {
            let count = pread(file, &buffer, buffer.count, off_t(offset))
            if count <= 0 { break }
            let chunk = buffer[..<count]
            let before = lines.count
            guard let last = chunk.lastIndex(of: UInt8(ascii: "\n")) else {
                if count < buffer.count, !final { break }
                lines.append(String(decoding: chunk, as: UTF8.self))
                offset += Int64(count)
                budget.take(bytes: count, lines: 1)
                continue
            }
            lines += chunk[..<last].split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).map
            {
                String(decoding: $0, as: UTF8.self)
            }
            offset += Int64(last + 1)
            budget.take(bytes: last + 1, lines: lines.count - before)
        }
    }

    /// Goes on at the first line that begins after `target`.
    private mutating func passOver(to target: Int64, _ file: Int32, _ buffer: inout [UInt8]) {
        var next = target
        let count = pread(file, &buffer, buffer.count, off_t(target))
        if count > 0, let end = buffer[..<count].firstIndex(of: UInt8(ascii: "\n")) { next += Int64(end + 1) }
        dropped += next - offset
        offset = next
    }

    // MARK: The disk

    /// Whether there is enough to give back; `offset` must be kept safe before that is done.
    var canFree: Bool { offset - freed >= Self.freedAtOnce }

    /// Gives consumed blocks back, so that a replica that writes for months does not fill the disk. Where the
    /// file system cannot do that, the file grows until it is begun anew.
    mutating func free() {
        let file = open(path, O_WRONLY | O_CLOEXEC)
        guard file >= 0 else { return }
        defer { close(file) }
        if offset >= Self.longestFile {
            // What is written between these two calls is lost: a moment in every gibibyte.
            let size = Self.size(of: file)
            guard ftruncate(file, 0) == 0 else { return }
            dropped += max(0, size - offset)
            (offset, freed, reserved) = (0, 0, 0)
        } else if slipway_punch_hole(file, off_t(offset)) == 0 {
            freed = offset
        }
    }

    /// Keeps room on the disk for what the process writes next. Where that cannot be had, it does without.
    mutating func keepRoom() {
        let file = open(path, O_WRONLY | O_CLOEXEC)
        guard file >= 0 else { return }
        defer { close(file) }
        let size = Self.size(of: file)
        guard reserved - size < Self.reserve / 2 else { return }
        if slipway_reserve(file, off_t(size), off_t(Self.reserve)) == 0 { reserved = size + Self.reserve }
    }

    private static func size(of file: Int32) -> Int64 {
        var info = stat()
        return fstat(file, &info) == 0 ? Int64(info.st_size) : 0
    }
}
