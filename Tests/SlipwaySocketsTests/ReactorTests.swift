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

    @Test("a port on which somebody listens is taken, also for a group that would share it")
    func takenPort() throws {
        let first = try BoundSocket.group(.internet(address: "127.0.0.1", port: 0), count: 3)
        #expect(Set(first.map(\.endpoint)).count == 1)
        let error = #expect(throws: SystemError.self) {
            try BoundSocket.group(first[0].endpoint, count: 2)
        }
        #expect(error?.number == EADDRINUSE)
        for socket in first { socket.close() }
        let second = try BoundSocket.group(first[0].endpoint, count: 2)
        for socket in second { socket.close() }
    }

    @Test("addresses are numeric")
    func addresses() {
        #expect(["127.0.0.1", "::1", "0.0.0.0"].allSatisfy(Endpoint.isAddress))
        #expect(!["localhost", "", "1.2.3", "127.0.0.1:80"].contains(where: Endpoint.isAddress))
        #expect(Endpoint.internet(address: "::1", port: 80).description == "[::1]:80")
    }
}
