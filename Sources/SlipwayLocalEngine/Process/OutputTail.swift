// Follows a file that another process appends to, line by line. The file outlives this process, so that output
// written while no server ran is read by the next one.

import CSlipwayLinux
import Foundation

struct OutputTail {
    /// Longer lines are cut into pieces.
    static let longestLine = 64 << 10
    /// Consumed bytes that are given back to the disk at a time.
    static let freedAtOnce: Int64 = 4 << 20

    let path: String
    /// Bytes consumed so far; whole lines only.
    private(set) var offset: Int64
    private var freed: Int64 = 0

    init(path: String, offset: Int64 = 0) {
        self.path = path
        self.offset = offset
    }

    /// The whole lines written since the last call.
    /// - Parameter final: also returns an unfinished last line.
    mutating func lines(final: Bool = false) -> [String] {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return [] }
        defer { close(file) }
        var lines: [String] = []
        var buffer = [UInt8](repeating: 0, count: Self.longestLine)
        while true {
            let count = pread(file, &buffer, buffer.count, off_t(offset))
            if count <= 0 { break }
            let chunk = buffer[..<count]
            guard let last = chunk.lastIndex(of: UInt8(ascii: "\n")) else {
                if count < buffer.count, !final { break }
                lines.append(String(decoding: chunk, as: UTF8.self))
                offset += Int64(count)
                continue
            }
            lines += chunk[..<last].split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).map
            {
                String(decoding: $0, as: UTF8.self)
            }
            offset += Int64(last + 1)
        }
        free()
        return lines
    }

    /// Gives consumed blocks back, so that a replica that writes for months does not fill the disk. Where the
    /// file system cannot do that, the file just grows.
    private mutating func free() {
        guard offset - freed >= Self.freedAtOnce else { return }
        let file = open(path, O_WRONLY | O_CLOEXEC)
        guard file >= 0 else { return }
        defer { close(file) }
        if slipway_punch_hole(file, off_t(offset)) == 0 { freed = offset }
    }
}
