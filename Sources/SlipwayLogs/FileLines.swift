// The lines of a file, a piece of it at a time: a segment has megabytes, and most questions are about its end.

import Foundation

/// Reads no more of the file than the caller asks for, and keeps no more of it in memory than a piece and a line.
struct FileLines {
    enum Order: Sendable { case firstToLast, lastToFirst }

    private static let newline = UInt8(ascii: "\n")

    /// Bytes that are read at once.
    var pieceBytes = 64 << 10

    /// Passes each line that is not empty, without its end, to `visit`, until that returns false.
    /// - Returns: false when `visit` ended it. A file that is not there has no lines.
    func read(_ path: String, _ order: Order, _ visit: (Data) throws -> Bool) rethrows -> Bool {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return true }
        defer { Foundation.close(file) }
        return switch order {
        case .firstToLast: try forwards(file, visit)
        case .lastToFirst: try backwards(file, visit)
        }
    }

    private func forwards(_ file: Int32, _ visit: (Data) throws -> Bool) rethrows -> Bool {
        var (offset, begun) = (0, Data())
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
