// Who gets an environment's requests while a promotion moves them.

import SlipwayCore
import Testing

@testable import SlipwayControl

struct RoutingTableBuilderTests {
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

    /// The candidate's share in percent; nil when all goes to the previous deployment.
    private func split(ready: [DeploymentID]) -> Int? {
        let now = Timestamp(microseconds: 0)
        var promotion = Promotion(
            id: PromotionID("promotion"), modelID: Self.model, environment: Environment.production,
            candidateID: Self.candidate, previousID: Self.previous, scaleDownPrevious: true,
            candidateIsCopy: false, createdAt: now)
        promotion.rollout.percent = 30
        let snapshot = Snapshot(
            models: [Self.model], deployments: [],
            environments: [
                Environment(
                    modelID: Self.model, name: Environment.production, createdAt: now,
                    currentDeploymentID: Self.previous)
            ], promotions: [promotion], watches: [], keys: [])
        let replicas = ready.map { deployment in
            Replica(
                id: ReplicaID("r-\(deployment)"), deploymentID: deployment, imageID: ImageID("image"),
                phase: .ready, startedAt: now, endpoint: ReplicaEndpoint(host: "127.0.0.1", port: 1))
        }
        let table = RoutingTableBuilder.table(
            snapshot, replicas: Dictionary(uniqueKeysWithValues: replicas.map { ($0.id, $0) }), images: [:],
            looping: [])
        return table.models[Self.model]?.splits[Environment.production]?.percent
    }
}
