// Writing to the standard streams. FileHandle's `write(_:)` ends the process when a stream cannot be written.

import Foundation

/// Where this process writes for whoever started it.
public enum StandardStream: Sendable {
    case output
    case error

    private var descriptor: Int32 { self == .output ? STDOUT_FILENO : STDERR_FILENO }

    var isTerminal: Bool {
        self == .output ? Terminal.current.outputIsTerminal : Terminal.current.errorIsTerminal
    }

    /// Text of others as it may be written here: a terminal gets nothing that controls it, anything else the text itself.
    func safe(_ text: String, lines: Bool = false) -> String {
        isTerminal ? text.printable(lines: lines) : text
    }

    /// Writes all of it at once.
    /// - Returns: 0, or the `errno` that stopped it.
    @discardableResult
    func write(_ bytes: [UInt8]) -> Int32 {
        Self.write(bytes, to: descriptor)
    }

    static func write(_ bytes: [UInt8], to descriptor: Int32) -> Int32 {
        var sent = 0
        while sent < bytes.count {
            let count = bytes[sent...].withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count >= 0 {
                sent += count
                continue
            }
            switch errno {
            case EINTR: continue
            case EAGAIN:
                // Whoever shares the stream made it non-blocking.
                var ready = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                _ = poll(&ready, 1, -1)
            case let reason: return reason
            }
        }
        return 0
    }

    /// Fills descriptors that were closed at the start with ones that can be neither read nor written: the next file to be
    /// opened would take their number, and messages would be written into it.
    public static func fillClosed() {
        for descriptor in [STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO]
        where fcntl(descriptor, F_GETFD) < 0 && errno == EBADF {
            _ = open("/dev/null", descriptor == STDIN_FILENO ? O_WRONLY : O_RDONLY)
        }
    }
}

/// Prints a line at once, into a pipe too: what reads it may act on it.
func say(_ line: String) { put(StandardStream.output.safe(line) + "\n") }

/// Prints a line that has colours; text of others in it was made safe before.
func sayPainted(_ line: String) { put(line + "\n") }

/// Writes to standard output at once.
func put(_ text: String) { put(bytes: Array(text.utf8)) }

/// Writes to standard output at once; ends the process where that fails, as nothing it does would be seen.
func put(bytes: [UInt8]) {
    let reason = StandardStream.output.write(bytes)
    if reason == 0 { return }
    // Whoever read it has gone, as `head` does. NIO ignores the signal that would have ended this process.
    if reason != EPIPE {
        tell("Error: Standard output cannot be written: \(String(cString: strerror(reason))).")
    }
    exit(FailureCode.failed.rawValue)
}

/// Prints a line to standard error, which is not part of the output. What controls a terminal is written out; where the
/// stream cannot be written, the command goes on.
public func tell(_ line: String) {
    StandardStream.error.write(Array((line.printable(lines: true) + "\n").utf8))
}
