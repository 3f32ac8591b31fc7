// Messages and files between two processes; here both ends are in one.

import Foundation
import Glibc
import SlipwaySockets
import Testing

struct MessageSocketTests {
    @Test("messages arrive whole and in order, and files with theirs")
    func messagesAndFiles() throws {
        let (one, other) = try MessageSocket.pair()
        let large = [UInt8](repeating: 7, count: 5_000_000)
        let file = open("/dev/null", O_RDONLY | O_CLOEXEC)
        defer { close(file) }
        let sender = Thread {
            try? one.send([1, 2, 3])
            try? one.send(large, files: [file, file])
            try? one.send([])
        }
        sender.start()
        let first = try #require(try other.receive())
        #expect(first.bytes == [1, 2, 3] && first.files.isEmpty)
        let second = try #require(try other.receive())
        #expect(second.bytes == large && second.files.count == 2)
        for copy in second.files {
            #expect(fcntl(copy, F_GETFD) & FD_CLOEXEC != 0, "a child process must not get it")
            close(copy)
        }
        #expect(try #require(try other.receive()).bytes.isEmpty)
        one.end()
        #expect(try other.receive() == nil)
    }

    @Test("a listener is reached by a path longer than addresses of sockets are, and only by its user")
    func longPath() throws {
        let directory = FileManager.default.temporaryDirectory.path + "/" + String(repeating: "d", count: 150)
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let path = directory + "/desk.sock"
        // Somebody who was killed has left one.
        try Data().write(to: URL(fileURLWithPath: path))
        let listener = try MessageListener(path: path)
        #expect(try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int == 0o600)
        let client = try MessageSocket.connect(to: path)
        let server = try #require(listener.accept())
        try client.send([42])
        #expect(try server.receive()?.bytes == [42])
        listener.end()
        #expect(listener.accept() == nil)
        #expect(throws: SystemError.self) { _ = try MessageSocket.connect(to: path) }
    }

    @Test("a listening socket goes on by another file when the first is closed")
    func copiedListener() throws {
        let socket = try BoundSocket(.internet(address: "127.0.0.1", port: 0))
        let copy = try socket.copy()
        socket.close()
        let same = try BoundSocket(listening: copy.release())
        defer { same.close() }
        #expect(same.endpoint == socket.endpoint)
        // The kernel still takes connections.
        let probe = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(probe) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = UInt16(same.endpoint.port ?? 0).bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let result = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(probe, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        #expect(result == 0)
    }
}
