import Glibc
import SlipwaySockets
import Synchronization
import Testing

/// Values noted by a reactor for a test.
private final class Notes: Sendable {
    private let values = Mutex<[Int]>([])
    func add(_ value: Int) { values.withLock { $0.append(value) } }
    var all: [Int] { values.withLock { $0 } }
}

private func eventually(_ condition: () -> Bool) async throws {
    let deadline = ContinuousClock.now + .seconds(10)
    while !condition() {
        try #require(ContinuousClock.now < deadline)
        try await Task.sleep(for: .milliseconds(5))
    }
}

struct ReactorTests {
    @Test("jobs run in order on one thread, and none after the stop")
    func jobs() async throws {
        let thread = try ReactorThread.start(name: "test")
        let notes = Notes()
        for number in 0..<100 { thread.submit { _ in notes.add(number) } }
        #expect(await thread.run { _ in 7 } == 7)
        #expect(notes.all == Array(0..<100))
        thread.stop()
        try await eventually { true }
        var answer: Int? = 0
        while answer != nil { answer = await thread.run { _ in 1 } }
    }

    @Test("deadlines come in their order, moved ones when they were moved to, cleared ones never")
    func deadlines() async throws {
        let thread = try ReactorThread.start(name: "test")
        let notes = Notes()
        _ = await thread.run { reactor in
            let millisecond: UInt64 = 1_000_000
            let made = (0..<5).map { number in Deadline(on: reactor) { notes.add(number) } }
            let now = MonotonicClock.now
            made[0].set(now + 60 * millisecond)
            made[1].set(now + 20 * millisecond)
            made[2].set(now + 10 * millisecond)
            made[2].set(now + 90 * millisecond)
            made[3].set(now + 5 * millisecond)
            made[3].clear()
            made[4].set(now + 3_600_000 * millisecond)
            made[4].set(now + 40 * millisecond)
        }
        try await eventually { notes.all.count == 4 }
        #expect(notes.all == [1, 4, 0, 2])
        thread.stop()
    }

    @Test("a port on which something listens is taken, for sockets of the same user that would share it too")
    func takenPort() throws {
        let first = try BoundSocket(.internet(address: "127.0.0.1", port: 0))
        let port = try #require(first.endpoint.port)
        let error = #expect(throws: SystemError.self) { try BoundSocket(first.endpoint) }
        #expect(error?.number == EADDRINUSE)
        #expect(joins(port) == EADDRINUSE)
        first.close()
        // Nobody is kept out of a free one.
        #expect(joins(port) == 0)
    }

    /// What a process is told that wants to share a port.
    private func joins(_ port: Int) -> Int32 {
        let file = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(file) }
        var one: Int32 = 1
        for option in [SO_REUSEADDR, SO_REUSEPORT] {
            setsockopt(file, SOL_SOCKET, option, &one, socklen_t(MemoryLayout<Int32>.size))
        }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(UInt16(port)).bigEndian
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        let result = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(file, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0 ? listen(file, 1) : -1
            }
        }
        return result == 0 ? 0 : errno
    }

    @Test("one port on both addresses of loopback, also one that the system chose; taken on either is taken")
    func bothLoopbacks() throws {
        let hosts = ["127.0.0.1", "::1"]
        let both = try BoundSocket.all(hosts, port: 0)
        let port = try #require(both.first?.endpoint.port)
        #expect(both.allSatisfy { $0.endpoint.port == port })
        guard both.count == 2 else { return }
        #expect(throws: SystemError.self) { try BoundSocket(.internet(address: "::1", port: port)) }
        both[0].close()
        let error = #expect(throws: SystemError.self) { try BoundSocket.all(hosts, port: port) }
        #expect(error?.number == EADDRINUSE)
        // The one that failed has left nothing behind.
        try BoundSocket(.internet(address: "127.0.0.1", port: port)).close()
        let again = try BoundSocket.all(hosts, port: 0, inheriting: [both[1]])
        #expect(again.allSatisfy { $0.endpoint.port == port } && again.count == 2)
        for one in again { one.close() }
    }

    @Test("addresses are numeric")
    func addresses() {
        #expect(["127.0.0.1", "::1", "0.0.0.0"].allSatisfy(Endpoint.isAddress))
        #expect(!["localhost", "", "1.2.3", "127.0.0.1:80"].contains(where: Endpoint.isAddress))
        #expect(Endpoint.internet(address: "::1", port: 80).description == "[::1]:80")
    }
}
