// A socket to a process that answers in lines, read by a thread.

import Foundation
import Synchronization

final class LineSocket: Sendable {
    private let stream: AsyncStream<Data>
    /// Nil once it is closed: the number is somebody else's then, a client's connection say.
    private let socket: Mutex<Int32?>

    /// Takes ownership of `socket`.
    /// - Parameter longest: bytes of one line; a longer one ends the reading.
    init(_ socket: Int32, longest: Int) {
        self.socket = Mutex(socket)
        let (stream, continuation) = AsyncStream<Data>.makeStream()
        self.stream = stream
        let thread = Thread { [self] in
            Self.read(socket, longest: longest) { continuation.yield($0) }
            continuation.finish()
            close()
        }
        thread.name = "slipway-planner"
        thread.start()
    }

    private static func read(_ socket: Int32, longest: Int, _ take: (Data) -> Void) {
        var buffer = Data()
        var chunk = [UInt8](repeating: 0, count: 64 << 10)
        while buffer.count <= longest {
            let count = Glibc.read(socket, &chunk, chunk.count)
            if count < 0, errno == EINTR { continue }
            if count <= 0 { return }
            buffer += chunk[..<count]
            while let newline = buffer.firstIndex(of: UInt8(ascii: "\n")) {
                take(Data(buffer[..<newline]))
                buffer = Data(buffer[buffer.index(after: newline)...])
            }
        }
    }

    /// - Returns: whether all of it was sent at once.
    func send(_ line: [UInt8]) -> Bool {
        socket.withLock { socket in
            guard let socket else { return false }
            return Glibc.send(socket, line, line.count, Int32(MSG_NOSIGNAL) | Int32(MSG_DONTWAIT))
                == line.count
        }
    }

    /// Nil once the other side has ended.
    func next() async -> Data? {
        for await line in stream { return line }
        return nil
    }

    /// Wakes the thread, which closes the socket.
    func end() {
        socket.withLock { socket in
            if let socket { shutdown(socket, Int32(SHUT_RDWR)) }
        }
    }

    private func close() {
        socket.withLock { socket in
            if let socket { Glibc.close(socket) }
            socket = nil
        }
    }
}
