// Messages between two processes of this machine over a Unix socket, with open files where there are some to hand
// over. Blocking: each side reads on a thread of its own.

import CSlipwaySockets
import Glibc
import Synchronization

/// One message: its bytes, and files that are the receiver's to close.
public struct ReceivedMessage: Sendable {
    public var bytes: [UInt8]
    public var files: [Int32]
}

public final class MessageSocket: Sendable {
    /// Files that one message can carry.
    public static let mostFiles = Int(slipway_most_files)
    /// Of one message; a table of ten thousand deployments is some mebibytes.
    private static let mostBytes = 256 << 20

    private let file: Int32
    private let sending = Mutex<Void>(())

    /// Takes ownership of a connected socket.
    init(_ file: Int32) { self.file = file }

    deinit { Glibc.close(file) }

    /// - Throws: `SystemError` when nobody listens at `path`.
    public static func connect(to path: String) throws -> MessageSocket {
        let file = try UnixPath.socket()
        do {
            try UnixPath.withAddress(of: path) { address, length in
                guard Glibc.connect(file, address, length) == 0 else { throw SystemError("connect") }
            }
        } catch {
            Glibc.close(file)
            throw error
        }
        return MessageSocket(file)
    }

    /// Two ends of one connection.
    public static func pair() throws -> (MessageSocket, MessageSocket) {
        var files: [Int32] = [-1, -1]
        let kind = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        guard socketpair(AF_UNIX, kind, 0, &files) == 0 else { throw SystemError("socketpair") }
        return (MessageSocket(files[0]), MessageSocket(files[1]))
    }

    /// Sends a message; the files stay the caller's too.
    /// - Throws: `SystemError`, EPIPE when the other side is gone.
    public func send(_ bytes: [UInt8], files: [Int32] = []) throws {
        let size = withUnsafeBytes(of: UInt64(bytes.count).littleEndian, Array.init)
        try sending.withLock { _ in
            // The files go with the first bytes.
            var (rest, attached) = ((size + bytes)[...], files)
            while !rest.isEmpty {
                let sent = rest.withUnsafeBytes {
                    slipway_send_files(file, $0.baseAddress, $0.count, attached, Int32(attached.count))
                }
                if sent < 0, errno == EINTR { continue }
                guard sent > 0 else { throw SystemError("sendmsg") }
                rest = rest.dropFirst(sent)
                attached = []
            }
        }
    }

    /// Waits for the next message; nil when the other side is gone. One thread at a time.
    /// - Throws: `SystemError`.
    public func receive() throws -> ReceivedMessage? {
        var files: [Int32] = []
        do {
            guard let head = try receive(count: 8, &files) else { return nil }
            let size = head.withUnsafeBytes { UInt64(littleEndian: $0.loadUnaligned(as: UInt64.self)) }
            guard size <= Self.mostBytes else { throw SystemError("message", number: EMSGSIZE) }
            if let bytes = try receive(count: Int(size), &files) {
                return ReceivedMessage(bytes: bytes, files: files)
            }
        } catch {
            for file in files { Glibc.close(file) }
            throw error
        }
        for file in files { Glibc.close(file) }
        return nil
    }

    private func receive(count: Int, _ files: inout [Int32]) throws -> [UInt8]? {
        var bytes = [UInt8](repeating: 0, count: count)
        var done = 0
        var received = [Int32](repeating: -1, count: Self.mostFiles)
        while done < count {
            var fileCount: Int32 = 0
            let length = bytes.withUnsafeMutableBytes {
                slipway_receive_files(file, $0.baseAddress! + done, count - done, &received, &fileCount)
            }
            if length < 0, errno == EINTR { continue }
            guard length >= 0 else { throw SystemError("recvmsg") }
            files += received.prefix(Int(fileCount))
            if length == 0 { return nil }
            done += length
        }
        return bytes
    }

    /// The process at the other end; nil where it is in a pid namespace that this one cannot see.
    public var peer: pid_t? {
        let pid = slipway_peer(file)
        return pid > 0 ? pid : nil
    }

    /// Ends the connection; whoever waits in `receive` on either side gets nil.
    public func end() { shutdown(file, Int32(SHUT_RDWR)) }
}

/// Waits for connections at a path.
public final class MessageListener: Sendable {
    private let file: Int32
    private let path: String
    private let hasEnded = Atomic(false)

    /// Listens at `path`, in the place of a socket that somebody left there. Only the owner can connect.
    /// - Throws: `SystemError`.
    public init(path: String) throws {
        let file = try UnixPath.socket()
        unlink(path)
        do {
            try UnixPath.withAddress(of: path) { address, length in
                guard bind(file, address, length) == 0 else { throw SystemError("bind") }
            }
            guard chmod(path, 0o600) == 0, listen(file, 4) == 0 else { throw SystemError("listen") }
        } catch {
            Glibc.close(file)
            throw error
        }
        self.file = file
        self.path = path
    }

    deinit { Glibc.close(file) }

    /// Waits for the next connection; nil after `end`.
    public func accept() -> MessageSocket? {
        while true {
            let connection = Glibc.accept(file, nil, nil)
            if connection >= 0 {
                _ = fcntl(connection, F_SETFD, FD_CLOEXEC)
                return MessageSocket(connection)
            }
            guard !hasEnded.load(ordering: .acquiring), errno != EBADF else { return nil }
            // Without a free file the connection waits in the kernel.
            if errno != EINTR, errno != ECONNABORTED { usleep(100_000) }
        }
    }

    /// Takes the path away and listens no more.
    public func end() {
        hasEnded.store(true, ordering: .releasing)
        unlink(path)
        shutdown(file, Int32(SHUT_RDWR))
    }
}

/// Addresses of Unix sockets, which are short, for paths that are not.
private enum UnixPath {
    static func socket() throws -> Int32 {
        let file = Glibc.socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard file >= 0 else { throw SystemError("socket") }
        return file
    }

    /// The directory is opened and named by its file, so that only the last part of the path counts.
    static func withAddress(
        of path: String, _ body: (UnsafePointer<sockaddr>, socklen_t) throws -> Void
    ) throws {
        let parts = path.split(separator: "/", omittingEmptySubsequences: false)
        let directory = parts.dropLast().joined(separator: "/")
        let folder = open(directory.isEmpty ? "/" : directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard folder >= 0 else { throw SystemError("open") }
        defer { Glibc.close(folder) }
        let endpoint = Endpoint.path("/proc/self/fd/\(folder)/\(parts.last ?? "")")
        try endpoint.withSocketAddress(body)
    }
}
