import SlipwayCore
import Synchronization
import Testing

@testable import SlipwayGateway

struct LoadLedgerTests {
    private let ledger = LoadLedger(now: { Timestamp(microseconds: 42) })
    private let replicas = ["r1", "r2", "r3"].map {
        ReplicaRoute(replicaID: ReplicaID($0), endpoint: ReplicaEndpoint(host: "127.0.0.1", port: 1))
    }

    @Test("the replica with the fewest requests is chosen, equals take turns")
    func leastLoaded() throws {
        for _ in 0..<3 { _ = ledger.takeLeastLoaded(of: replicas) }
        #expect(replicas.map { ledger.inFlight($0.replicaID) } == [1, 1, 1])
        ledger.release(replicas[1].replicaID)
        #expect(ledger.takeLeastLoaded(of: replicas) == replicas[1])
        #expect(ledger.takeLeastLoaded(of: []) == nil)
    }

    @Test("a deployment's load counts held requests and remembers the last activity")
    func deploymentLoad() {
        ledger.began(published)
        #expect(ledger.tryPark(published, limit: 1))
        #expect(!ledger.tryPark(published, limit: 1))
        #expect(
            ledger.deployments[published]
                == DeploymentLoad(inFlight: 1, parked: 1, lastActivity: Timestamp(microseconds: 42)))
        ledger.unparked(published)
        ledger.ended(published, status: 200)
        #expect(ledger.deployments[published]?.inFlight == 0)
    }

    @Test("request-seconds are the exact area below the number of requests")
    func requestSeconds() {
        let time = Mutex(Timestamp(microseconds: 0))
        let ledger = LoadLedger(now: { time.withLock { $0 } })
        func pass(_ seconds: Int) { time.withLock { $0 = $0 + .seconds(seconds) } }
        ledger.began(published)
        pass(2)
        ledger.began(published)
        pass(3)
        ledger.ended(published, status: 200)
        pass(1)
        #expect(ledger.deployments[published]?.requestSeconds == 9)
        ledger.ended(published, status: 200)
        pass(100)
        #expect(ledger.deployments[published]?.requestSeconds == 9)
    }

    @Test("only deployments that are gone and idle are forgotten")
    func pruning() {
        ledger.began(published)
        ledger.touched(candidate)
        ledger.prune { _ in false }
        #expect(Set(ledger.deployments.keys) == [published])
    }
}
