// Who gets an environment's requests while a promotion moves them.

import SlipwayCore
import SlipwayGateway
import SlipwayStore
import Testing

@testable import SlipwayControl

struct RouteKeeperTests {
    private static let model = ModelID("model")
    private static let previous = DeploymentID("previous")
    private static let candidate = DeploymentID("candidate")

    @Test("traffic is shared as decided while both sides can serve, and goes to the one that can otherwise")
    func split() {
        #expect(split(ready: [Self.previous, Self.candidate]) == 30)
        #expect(split(ready: [Self.previous]) == nil)
        #expect(split(ready: [Self.candidate]) == 100)
        #expect(split(ready: []) == 30)
    }

    @Test("tokens are counted for who has a target, and for the candidate that shares its load")
    func tokens() {
        #expect(targets(previous: nil, candidate: nil) == [nil, nil])
        #expect(targets(previous: 500, candidate: nil) == [500, 500])
        #expect(targets(previous: nil, candidate: 7) == [nil, 7])
        #expect(targets(previous: 500, candidate: 7) == [500, 7])
    }

    @Test("an environment without a deployment leads to its first when that can serve, not before its gate")
    func newcomer() {
        #expect(first(.ready) == Self.candidate)
        #expect(first(.starting) == nil)
        #expect(first(.starting, status: .active) == Self.candidate, "a call waits for the next replica")
        #expect(first(.ready, gate: PromotionGate(command: "gate")) == nil)
    }

    /// Where an environment leads that has nothing yet.
    private func first(
        _ phase: ReplicaPhase, status: DeploymentStatus = .loadingModel, gate: PromotionGate? = nil
    ) -> DeploymentID? {
        let now = Timestamp(microseconds: 0)
        var promotion = Promotion(
            id: PromotionID("promotion"), modelID: Self.model, environment: Environment.production,
            candidateID: Self.candidate, previousID: nil, scaleDownPrevious: true, candidateIsCopy: false,
            createdAt: now)
        promotion.rollout.gate = gate
        let deployment = Deployment(
            id: Self.candidate, modelID: Self.model, name: "first", createdAt: now, isDevelopment: false,
            archiveKey: "", rawConfig: nil, configJSON: "{}", instanceTypeID: "1x2", status: status,
            imageID: nil)
        let replica = Replica(
            id: ReplicaID("r"), deploymentID: Self.candidate, imageID: ImageID("image"), phase: phase,
            startedAt: now, endpoint: ReplicaEndpoint(host: "127.0.0.1", port: 1))
        let table = Self.table(
            deployments: [deployment],
            environments: [Environment(modelID: Self.model, name: Environment.production, createdAt: now)],
            promotions: [promotion], replicas: [replica])
        return table.models[Self.model]?.environments[Environment.production] ?? nil
    }

    private func targets(previous: Int?, candidate: Int?) -> [Int?] {
        let now = Timestamp(microseconds: 0)
        let promotion = Promotion(
            id: PromotionID("promotion"), modelID: Self.model, environment: Environment.production,
            candidateID: Self.candidate, previousID: Self.previous, scaleDownPrevious: true,
            candidateIsCopy: false, createdAt: now)
        let deployments = [(Self.previous, previous), (Self.candidate, candidate)].map { id, target in
            Deployment(
                id: id, modelID: Self.model, name: id.text, createdAt: now, isDevelopment: false,
                archiveKey: "", rawConfig: nil, configJSON: "{}", instanceTypeID: "1x2", status: .active,
                imageID: nil, autoscaling: AutoscalingSettings(targetInFlightTokens: target))
        }
        let table = Self.table(deployments: deployments, promotions: [promotion])
        return [Self.previous, Self.candidate].map { table.deployments[$0]?.targetInFlightTokens }
    }

    /// The candidate's share in percent; nil when all goes to the previous deployment.
    private func split(ready: [DeploymentID]) -> Int? {
        let now = Timestamp(microseconds: 0)
        var promotion = Promotion(
            id: PromotionID("promotion"), modelID: Self.model, environment: Environment.production,
            candidateID: Self.candidate, previousID: Self.previous, scaleDownPrevious: true,
            candidateIsCopy: false, createdAt: now)
        promotion.rollout.percent = 30
        let environment = Environment(
            modelID: Self.model, name: Environment.production, createdAt: now,
            currentDeploymentID: Self.previous)
        let replicas = ready.map { deployment in
            Replica(
                id: ReplicaID("r-\(deployment)"), deploymentID: deployment, imageID: ImageID("image"),
                phase: .ready, startedAt: now, endpoint: ReplicaEndpoint(host: "127.0.0.1", port: 1))
        }
        let table = Self.table(
            deployments: [], environments: [environment], promotions: [promotion], replicas: replicas)
        return table.models[Self.model]?.splits[Environment.production]?.percent
    }

    private static func table(
        deployments: [Deployment], environments: [Environment] = [], promotions: [Promotion],
        replicas: [Replica] = []
    ) -> RoutingTable {
        var reading = RecordReading()
        reading.models = [Kept(row: 1, record: model)]
        reading.deployments = deployments.enumerated().map { Kept(row: Int64($0), record: $1) }
        reading.environments = environments.enumerated().map { Kept(row: Int64($0), record: $1) }
        reading.promotions = (promotions, [])
        var (records, changes, keeper) = (Records(), RouteChanges(), RouteKeeper())
        changes.add(records.apply(reading))
        let observed = ObservedReplicas(replicas: replicas, images: [:], looping: [])
        let isNew = [
            keeper.follow(changes, records, observed), keeper.follow(changes, records, observed),
        ]
        #expect(isNew == [true, false], "nothing has changed since")
        return keeper.table
    }
}
