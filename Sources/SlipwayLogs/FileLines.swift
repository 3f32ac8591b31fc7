// The lines of a file, a piece of it at a time: a segment has megabytes, and most questions are about its end.

import Foundation

/// Reads no more of the file than the caller asks for, and keeps no more of it in memory than a piece and a line.
struct FileLines {
    enum Order: Sendable { case firstToLast, lastToFirst }

    private static let newline = UInt8(ascii: "\n")

    /// Bytes that are read at once.
    var pieceBytes = 64 << 10

    /// Passes each line that is not empty, without its end, to `visit`, until that returns false.
    ///
    /// - Parameter isSkipped: says of a line that it and all before it are not asked for. From the first to the last,
    ///   most of these are not read.
    /// - Returns: false when `visit` ended it. A file that is not there has no lines.
    func read(
        _ path: String, _ order: Order, skipping isSkipped: (Data) -> Bool = { _ in false },
        _ visit: (Data) throws -> Bool
    ) rethrows -> Bool {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return true }
        defer { Foundation.close(file) }
        return switch order {
        case .firstToLast: try forwards(file, from: start(file, isSkipped), visit)
        case .lastToFirst: try backwards(file, visit)
        }
    }

    /// Where a line begins that is skipped, or the first one, less than two pieces before one that is not.
    private func start(_ file: Int32, _ isSkipped: (Data) -> Bool) -> Int {
        var (skipped, end) = (0, Int(lseek(file, 0, SEEK_END)))
        while end - skipped > pieceBytes {
            let middle = skipped + (end - skipped) / 2
            if let line = line(of: file, after: middle), line.offset < end, isSkipped(line.text) {
                skipped = line.offset
            } else {
                end = middle
            }
        }
        return skipped
    }

    /// The first whole line that begins after the offset.
    private func line(of file: Int32, after offset: Int) -> (offset: Int, text: Data)? {
        var bytes = Data()
        while true {
            let next = piece(of: file, at: offset + bytes.count, pieceBytes)
            bytes += next
            if let before = bytes.firstIndex(of: Self.newline),
                let end = bytes[(before + 1)...].firstIndex(of: Self.newline)
            {
                return (offset + before + 1, bytes[(before + 1)..<end])
            }
            if next.isEmpty { return nil }
        }
    }

    private func forwards(
        _ file: Int32, from start: Int, _ visit: (Data) throws -> Bool
    ) rethrows -> Bool {
        var (offset, begun) = (start, Data())
        while case let piece = piece(of: file, at: offset, pieceBytes), !piece.isEmpty {
            offset += piece.count
            var lines = piece.split(separator: Self.newline, omittingEmptySubsequences: false)
            lines[0] = Data(begun) + lines[0]
            begun = lines.removeLast()
            for line in lines where !line.isEmpty { if try !visit(line) { return false } }
        }
        return begun.isEmpty ? true : try visit(begun)
    }

    private func backwards(_ file: Int32, _ visit: (Data) throws -> Bool) rethrows -> Bool {
        var (offset, ended) = (Int(lseek(file, 0, SEEK_END)), Data())
        while offset > 0 {
            let start = max(0, offset - pieceBytes)
            let piece = piece(of: file, at: start, offset - start)
            guard piece.count == offset - start else { return true }
            offset = start
            var lines = piece.split(separator: Self.newline, omittingEmptySubsequences: false)
            // A new value: Foundation cannot append to an empty slice.
            lines[lines.count - 1] = Data(lines[lines.count - 1]) + ended
            ended = lines.removeFirst()
            for line in lines.reversed() where !line.isEmpty { if try !visit(line) { return false } }
        }
        return ended.isEmpty ? true : try visit(ended)
    }

    /// So many bytes from `offset` on, fewer at the end of the file or where it cannot be read.
    private func piece(of file: Int32, at offset: Int, _ count: Int) -> Data {
        var piece = Data(count: count)
        let read = piece.withUnsafeMutableBytes { bytes in
            var done = 0
            while done < count {
                let got = pread(file, bytes.baseAddress! + done, count - done, off_t(offset + done))
                if got < 0, errno == EINTR { continue }
                if got <= 0 { break }
                done += got
            }
            return done
        }
        return piece.prefix(read)
    }
}
