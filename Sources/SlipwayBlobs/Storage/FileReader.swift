// Reads a file in pieces of constant size; used to join parts and to import files.
import Foundation

final class FileReader {
    /// Bytes per piece: large enough to make system calls cheap, small enough for many readers at once.
    static let pieceBytes = 1 << 20

    private let descriptor: Int32
    private var buffer = [UInt8](repeating: 0, count: pieceBytes)

    init(path: String) throws(BlobError) {
        descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .lastError("open file") }
    }

    deinit { close(descriptor) }

    /// The next piece; empty at the end of the file.
    func next() throws(BlobError) -> ArraySlice<UInt8> {
        while true {
            let count = buffer.withUnsafeMutableBytes { read(descriptor, $0.baseAddress, $0.count) }
            if count >= 0 { return buffer[..<count] }
            let code = errno
            if code != EINTR { throw .lastError("read file", code: code) }
        }
    }
}
