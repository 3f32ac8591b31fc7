// A file as a sequence of buffers, read as the connection takes them.

import Foundation
import NIOCore

struct FilePieces: AsyncSequence, Sendable {
    static let size = 1 << 18
    let handle: FileHandle
    /// Told the number of bytes read so far.
    var progress: @Sendable (Int64) -> Void = { _ in }

    struct AsyncIterator: AsyncIteratorProtocol {
        let pieces: FilePieces
        var sent: Int64 = 0

        mutating func next() async throws -> ByteBuffer? {
            guard let data = try pieces.handle.read(upToCount: FilePieces.size), !data.isEmpty else {
                return nil
            }
            sent += Int64(data.count)
            pieces.progress(sent)
            return ByteBuffer(bytes: data)
        }
    }

    /// From the start, also for a second attempt at another address.
    func makeAsyncIterator() -> AsyncIterator {
        try? handle.seek(toOffset: 0)
        return AsyncIterator(pieces: self)
    }
}
