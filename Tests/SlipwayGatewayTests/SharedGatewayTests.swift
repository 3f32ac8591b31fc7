// Two gateways that the controller sees as one while a server takes the place of another.

import Foundation
import SlipwayCore
import Synchronization
import Testing

@testable import SlipwayGateway

private final class LocalGateway: GatewayControl, Sendable {
    let published = Atomic<Int>(0)
    func publish(_ table: RoutingTable) { published.add(1, ordering: .relaxed) }
    func load(of deployments: Set<DeploymentID>) -> [DeploymentID: DeploymentLoad] {
        [DeploymentID("d"): DeploymentLoad(inFlight: 1, requestSeconds: 10, answered: 4)]
    }
    var waiting: Set<DeploymentID> { [] }
    func takeTraffic() -> [DeploymentID: Traffic] { [:] }
    func inFlight(replica: ReplicaID) -> Int { 1 }
}

struct SharedGatewayTests {
    private let id = DeploymentID("d")
    private let replica = ReplicaID("r")

    private func report(table: Int, busy: Int, seconds: Double = 0) -> LeavingReport {
        var report = LeavingReport()
        report.table = table
        report.busyReplicas = busy > 0 ? [replica: busy] : [:]
        report.loads = [id: DeploymentLoad(inFlight: busy, parked: 1, requestSeconds: seconds, answered: 2)]
        return report
    }

    @Test("alone it is the local gateway")
    func alone() {
        let local = LocalGateway()
        let shared = SharedGateway(local: local)
        shared.publish(RoutingTable())
        #expect(local.published.load(ordering: .relaxed) == 1)
        #expect(shared.inFlight(replica: replica) == 1)
        #expect(shared.load(of: [id]) == local.load(of: [id]))
    }

    @Test("a replica is busy until the leaving gateway has taken the table it is missing from")
    func stalls() {
        let shared = SharedGateway(local: LocalGateway())
        let tables = Mutex<[Int]>([])
        shared.add { _, number in tables.withLock { $0.append(number) } }
        shared.publish(RoutingTable())
        shared.publish(RoutingTable())
        #expect(tables.withLock { $0 } == [1, 2])
        #expect(shared.inFlight(replica: replica) == 2, "nothing is known yet")
        shared.received(report(table: 1, busy: 3))
        #expect(shared.inFlight(replica: replica) == 5, "an older table may still send there")
        shared.received(report(table: 2, busy: 3))
        #expect(shared.inFlight(replica: replica) == 4)
        shared.left()
        #expect(shared.inFlight(replica: replica) == 1)
        shared.publish(RoutingTable())
        #expect(shared.inFlight(replica: replica) == 1 && tables.withLock { $0 } == [1, 2])
    }

    @Test("loads add up, and sums do not fall when the other one ends")
    func sums() {
        let shared = SharedGateway(local: LocalGateway())
        shared.add { _, _ in }
        shared.received(report(table: 0, busy: 2, seconds: 5))
        #expect(
            shared.load(of: [id])[id]
                == DeploymentLoad(inFlight: 3, parked: 1, requestSeconds: 15, answered: 6))
        #expect(shared.waiting == [id], "the other one holds a request")
        shared.left()
        #expect(shared.waiting.isEmpty)
        #expect(shared.load(of: [id])[id] == DeploymentLoad(inFlight: 1, requestSeconds: 15, answered: 6))
        #expect(shared.load(of: [DeploymentID("d")]).count == 1)
    }

    @Test("a report counts from the handover on, whatever was before")
    func sinceBegin() {
        let before = [id: DeploymentLoad(inFlight: 1, requestSeconds: 100, answered: 50, failed: 3)]
        let now = [id: DeploymentLoad(inFlight: 2, requestSeconds: 101.5, answered: 52, failed: 3)]
        #expect(
            LeavingReport.since(before, now)[id]
                == DeploymentLoad(inFlight: 2, requestSeconds: 1.5, answered: 2, failed: 0))
    }

    @Test("tokens add up as requests do, and a gateway that does not know of them has none")
    func tokens() throws {
        let shared = SharedGateway(local: LocalGateway())
        shared.add { _, _ in }
        let old = #"{"inFlight":2,"parked":0,"requestSeconds":5,"answered":1,"failed":0}"#
        var load = try JSONDecoder().decode(DeploymentLoad.self, from: Data(old.utf8))
        #expect(load == DeploymentLoad(inFlight: 2, requestSeconds: 5, answered: 1))
        (load.tokens, load.tokenSeconds) = (7, 70)
        load = try JSONDecoder().decode(DeploymentLoad.self, from: JSONEncoder().encode(load))
        var report = report(table: 0, busy: 1)
        report.loads = LeavingReport.since([id: DeploymentLoad(tokenSeconds: 50)], [id: load])
        shared.received(report)
        #expect(shared.load(of: [id])[id]?.tokens == 7 && shared.load(of: [id])[id]?.tokenSeconds == 20)
        shared.left()
        #expect(shared.load(of: [id])[id]?.tokens == 0 && shared.load(of: [id])[id]?.tokenSeconds == 20)
    }

    @Test("ended predictions are taken once")
    func traffic() {
        let shared = SharedGateway(local: LocalGateway())
        shared.add { _, _ in }
        var traffic = Traffic()
        traffic.record(
            EndedRequest(
                kind: RequestKind(status: 200, isAsync: false), duration: .seconds(1), firstByte: nil,
                requestBytes: 1, responseBytes: 1))
        var report = report(table: 0, busy: 0)
        report.traffic = [id: traffic]
        shared.received(report)
        shared.received(report)
        #expect(shared.takeTraffic()[id]?.tallies.values.first?.count == 2)
        #expect(shared.takeTraffic().isEmpty)
    }

    @Test("a table is the same after its way to the other process")
    func tableSurvives() throws {
        var table = RoutingTable()
        let digest = KeyDigest(bytes: 1...32)
        table.set(APIKeyGrant(category: .workspaceInvoke, modelIDs: [ModelID("m")]), for: digest)
        table.update(ModelID("m")) { routes in
            routes = ModelRoutes(
                development: nil, environments: ["production": id, "staging": nil],
                splits: ["production": TrafficSplit(candidate: id, percent: 30)], deployments: [id])
        }
        let route = DeploymentRoute(
            deploymentID: id, modelID: ModelID("m"), predictPath: "/p",
            availability: .refused(PlatformError(status: 500, code: "c", message: "m")),
            replicas: [
                ReplicaRoute(replicaID: replica, endpoint: ReplicaEndpoint(host: "127.0.0.1", port: 1))
            ],
            concurrencyLimit: 2, rejectsWhenFull: true)
        let changes = [table.set(route, for: id), table.set(route, for: id)]
        #expect(changes == [true, false])
        let copy = try JSONDecoder().decode(RoutingTable.self, from: JSONEncoder().encode(table))
        #expect(copy.keys == table.keys && copy.served == [id] && copy.countingTokens.isEmpty)
        let (routes, model) = (copy.deployments[id], copy.models[ModelID("m")])
        #expect(model?.environments == ["production": id, "staging": nil])
        #expect(model?.splits == table.models[ModelID("m")]?.splits && model?.deployments == [id])
        #expect(routes?.availability == table.deployments[id]?.availability)
        #expect(routes?.replicas == table.deployments[id]?.replicas && routes?.concurrencyLimit == 2)
        #expect(routes?.rejectsWhenFull == true)
    }
}
