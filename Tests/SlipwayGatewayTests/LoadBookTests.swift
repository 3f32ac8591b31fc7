import SlipwayCore
import SlipwaySockets
import Testing

@testable import SlipwayGateway

struct LoadBookTests {
    private static let second: UInt64 = 1_000_000_000

    private func ended(_ status: Int) -> EndedRequest {
        EndedRequest(
            kind: RequestKind(status: status, isAsync: false), duration: .seconds(1), firstByte: nil,
            requestBytes: 1, responseBytes: 1)
    }

    @Test("request-seconds are the exact area below the number of requests")
    func area() {
        let book = LoadBook(shared: SharedLoad())
        book.began(Self.second)
        book.began(3 * Self.second)
        book.ended(ended(200), at: 6 * Self.second)
        #expect(book.read(at: 7 * Self.second) { $0.area } == 9 * Self.second)
        book.moved(7 * Self.second)
        #expect(book.read(at: 107 * Self.second) { $0.area } == 9 * Self.second)
        #expect(book.read(at: 107 * Self.second) { $0.touched } == 7 * Self.second)
    }

    @Test("the ledger adds up the books of all loops")
    func adding() throws {
        let ledger = LoadLedger(now: { Timestamp(microseconds: 5_000_000) })
        let (one, other) = (ledger.open(published), ledger.open(published))
        let now = MonotonicClock.now
        one.began(now)
        other.began(now)
        other.parked(1)
        other.ended(ended(500), at: now)
        let load = try #require(ledger.loads(of: nil)[published])
        #expect((load.inFlight, load.parked, load.answered, load.failed) == (1, 1, 1, 1))
        #expect(try #require(load.lastActivity) <= Timestamp(microseconds: 5_000_000))
        #expect(one.shared === other.shared)
        #expect(ledger.takeTraffic()[published]?.tallies.values.map(\.count) == [1])
        #expect(ledger.takeTraffic().isEmpty)
    }

    @Test(
        "only deployments that are gone and idle are forgotten; a loop that still meets one opens a new book")
    func pruning() {
        let ledger = LoadLedger(now: { Timestamp(microseconds: 0) })
        let (busy, idle) = (ledger.open(published), ledger.open(candidate))
        busy.began(MonotonicClock.now)
        idle.touched(MonotonicClock.now)
        ledger.prune { _ in false }
        #expect(Set(ledger.loads(of: nil).keys) == [published])
        #expect(idle.isRetired)
        #expect(!busy.isRetired)
    }
}
