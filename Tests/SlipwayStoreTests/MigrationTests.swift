// Databases of earlier versions, with rows in them, are read as what they meant then.

import GRDB
import SlipwayCore
import Testing

@testable import SlipwayStore

struct MigrationTests {
    private static let autoscaling =
        #"{"minReplica":1,"maxReplica":3,"autoscalingWindow":60,"scaleDownDelay":900,"maxScaleDownRate":50,"concurrencyTarget":2,"targetUtilizationPercentage":70}"#

    /// What the first version had written.
    private static func fill(_ db: Database) throws {
        try db.execute(
            sql: """
                INSERT INTO organization VALUES ('o', 'Home', 1);
                INSERT INTO users VALUES ('u', 'Ada', 'ada@localhost', 2);
                INSERT INTO teams VALUES ('t', 'default', 1, 3);
                INSERT INTO api_keys VALUES ('k', 'd1', 'first', 'PERSONAL', NULL, 'u', NULL, 4);
                INSERT INTO models VALUES ('m', 'one', 't', 5);
                INSERT INTO deployments VALUES
                    ('d', 'm', 'deployment-1', 6, 0, 'archives/d', 'model_name: one', '{}', '1x2', 'ACTIVE', NULL, 7,
                     'running', 'image', '\(autoscaling)', 1, '{"a":1}', 3600, NULL, NULL, NULL, NULL, 1);
                INSERT INTO environments VALUES ('m', 'production', 8, 'd', '\(autoscaling)', 0);
                INSERT INTO promotions VALUES
                    ('p', 'm', 'production', 'd', NULL, 'SUCCEEDED', NULL, 1, 0, 9, 10);
                INSERT INTO secrets VALUES ('s', 't', 'token', x'0102', 11);
                INSERT INTO audit_events (at, actor, kind) VALUES (12, 'u', 'pushed');
                """)
    }

    @Test(
        "what the first version stored is there after every path to the newest one",
        arguments: Migrations.all.migrations)
    func upgrades(by way: String) throws {
        let queue = try DatabaseQueue()
        try Migrations.all.migrate(queue, upTo: try #require(Migrations.all.migrations.first))
        try queue.write(Self.fill)
        // A server of a version in between ran once.
        try Migrations.all.migrate(queue, upTo: way)
        try Migrations.all.migrate(queue)
        try queue.read { try check(StoreReader(db: $0)) }
    }

    private func check(_ reader: StoreReader) throws {
        let settings = AutoscalingSettings(minReplica: 1, maxReplica: 3, concurrencyTarget: 2)
        let deployment = try #require(try reader.deployment(DeploymentID("d")))
        #expect(deployment.autoscaling == settings && deployment.status == .active)
        #expect(deployment.imageID == ImageID("image") && deployment.labelsJSON == #"{"a":1}"#)
        #expect(deployment.backpressure == nil && deployment.rawConfig == "model_name: one")
        let environment = try #require(try reader.environments().first)
        #expect(environment.currentDeploymentID == deployment.id && environment.autoscaling == settings)
        #expect(!environment.promotionSettings.redeployOnPromotion && environment.schedules.schedules.isEmpty)
        let promotion = try #require(try reader.promotion(PromotionID("p")))
        #expect(promotion.status == .succeeded && promotion.endedAt == Timestamp(microseconds: 10))
        #expect(try reader.runningPromotions().isEmpty && reader.watchedPromotions().isEmpty)
        #expect(try reader.users().map(\.role) == [.admin])
        #expect(try reader.apiKeys().map(\.grant.category) == [.personal])
        #expect(try reader.secrets(of: TeamID("t")).map(\.name) == ["token"])
        let summary = try #require(try reader.modelSummaries().first)
        #expect(summary.deploymentsCount == 1 && summary.productionDeploymentID == deployment.id)
        #expect(try reader.keptDeployments().map(\.record.id) == [deployment.id])
    }
}
