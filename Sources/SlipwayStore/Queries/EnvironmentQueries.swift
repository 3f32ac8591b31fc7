// Environments and promotions.

import GRDB
import SlipwayCore

extension StoreReader {
    public func environments(of model: ModelID? = nil) throws -> [Environment] {
        let order = "ORDER BY created_at, name"
        guard let model else { return try EnvironmentRecord.all(db, order).map(\.environment) }
        return try EnvironmentRecord.all(db, "WHERE model_id = ? \(order)", [model.text]).map(\.environment)
    }

    public func environment(_ name: String, of model: ModelID) throws -> Environment? {
        try EnvironmentRecord.one(db, "WHERE model_id = ? AND name = ?", [model.text, name])?.environment
    }

    public func runningPromotions() throws -> [Promotion] {
        try PromotionRecord.all(db, "WHERE ended_at IS NULL ORDER BY created_at").map(\.promotion)
    }

    /// Promotions that have succeeded and can still be taken back by themselves.
    public func watchedPromotions() throws -> [Promotion] {
        try PromotionRecord.all(db, "WHERE watch_until IS NOT NULL ORDER BY created_at").map(\.promotion)
    }

    /// The newest promotion into the environment, ended or not.
    public func latestPromotion(into environment: String, of model: ModelID) throws -> Promotion? {
        try PromotionRecord.filter(Column("model_id") == model.text)
            .filter(Column("environment") == environment)
            .order(Column("created_at").desc, Column.rowID.desc).fetchOne(db)?.promotion
    }

    /// The promotion that runs now, if any.
    public func runningPromotion(into environment: String, of model: ModelID) throws -> Promotion? {
        try latestPromotion(into: environment, of: model).flatMap { $0.endedAt == nil ? $0 : nil }
    }

    /// Promotions into the environment, newest first.
    public func promotions(into environment: String, of model: ModelID, limit: Int) throws -> [Promotion] {
        try PromotionRecord.all(
            db, "WHERE model_id = ? AND environment = ? ORDER BY created_at DESC, rowid DESC LIMIT ?",
            [model.text, environment, limit]
        ).map(\.promotion)
    }

    /// Decisions of the autoscaler about a deployment, newest first.
    public func scalingDecisions(of deployment: DeploymentID, limit: Int) throws -> [ScalingDecision] {
        try ScalingDecisionRecord.filter(Column("deployment_id") == deployment.text)
            .order(Column("at").desc).limit(limit).fetchAll(db).map(\.decision)
    }

    public func promotion(_ id: PromotionID) throws -> Promotion? {
        try PromotionRecord.one(db, "WHERE id = ?", [id.text])?.promotion
    }
}

extension StoreWriter {
    public func insert(_ environment: Environment) throws { try EnvironmentRecord(environment).insert(db) }

    public func update(_ environment: Environment) throws { try EnvironmentRecord(environment).update(db) }

    public func insert(_ promotion: Promotion) throws { try PromotionRecord(promotion).insert(db) }

    public func update(_ promotion: Promotion) throws { try PromotionRecord(promotion).update(db) }

    /// Removes the environment with its history: another environment of that name begins with none.
    public func deleteEnvironment(_ name: String, of model: ModelID) throws {
        _ = try PromotionRecord.filter(Column("model_id") == model.text)
            .filter(Column("environment") == name).deleteAll(db)
        _ = try EnvironmentRecord.filter(Column("model_id") == model.text).filter(Column("name") == name)
            .deleteAll(db)
    }

    /// Keeps the decision, and forgets those of the deployment beyond the newest `most`.
    public func insert(_ decision: ScalingDecision, of deployment: DeploymentID, most: Int) throws {
        try ScalingDecisionRecord(decision, of: deployment).insert(db)
        try db.execute(
            sql: """
                DELETE FROM scaling_decisions WHERE deployment_id = ? AND rowid NOT IN (
                    SELECT rowid FROM scaling_decisions WHERE deployment_id = ? ORDER BY at DESC LIMIT ?)
                """, arguments: [deployment.text, deployment.text, most])
    }
}
