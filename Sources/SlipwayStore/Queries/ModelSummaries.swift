// Models as lists show them. One statement for all of them: reading the deployments of each costs milliseconds a model.

import GRDB
import SlipwayCore

/// A model with what is counted and looked up for it.
public struct ModelSummary: Sendable, Equatable {
    public var model: Model
    public var teamName: String
    public var deploymentsCount: Int
    public var productionDeploymentID: DeploymentID?
    public var developmentDeploymentID: DeploymentID?
    /// Of the production deployment, else of the newest one; nil for a model without deployments.
    public var instanceTypeID: String?
}

extension StoreReader {
    /// The oldest first.
    /// - Parameters:
    ///   - team: only models of this team.
    ///   - name: only models of exactly this name; several teams may have one.
    ///   - place: only models behind it.
    ///   - limit: the most models.
    public func modelSummaries(
        of team: TeamID? = nil, named name: String? = nil, after place: ModelPlace? = nil, limit: Int? = nil
    ) throws -> [ModelSummary] {
        try summaries(
            """
            (:team IS NULL OR m.team_id = :team) AND (:name IS NULL OR m.name = :name)
            AND (m.created_at, m.id) > (:at, :after)
            """,
            [
                "team": team?.text, "name": name, "at": place?.createdAt.microseconds ?? Int64.min,
                "after": place?.id.text ?? "", "limit": limit ?? -1,
            ])
    }

    public func modelSummary(of model: Model) throws -> ModelSummary {
        let values: StatementArguments = ["id": model.id.text, "limit": 1]
        guard let summary = try summaries("m.id = :id", values).first else {
            throw DatabaseError(message: "the model \(model.id) is of no team")
        }
        return summary
    }

    private func summaries(_ condition: String, _ values: StatementArguments) throws -> [ModelSummary] {
        let statement = try db.cachedStatement(
            sql: """
                SELECT m.id, m.name, m.team_id, m.created_at, t.name,
                    (SELECT count(*) FROM deployments WHERE model_id = m.id),
                    production.id,
                    (SELECT id FROM deployments WHERE model_id = m.id AND is_development = 1),
                    coalesce(production.instance_type_id,
                        (SELECT instance_type_id FROM deployments WHERE model_id = m.id
                            ORDER BY created_at DESC, id LIMIT 1))
                FROM models m JOIN teams t ON t.id = m.team_id
                LEFT JOIN environments e ON e.model_id = m.id AND e.name = 'production'
                LEFT JOIN deployments production ON production.id = e.current_deployment_id
                WHERE \(condition) ORDER BY m.created_at, m.id LIMIT :limit
                """)
        var all: [ModelSummary] = []
        let rows = try Row.fetchCursor(statement, arguments: values)
        while let row = try rows.next() { all.append(try ModelSummary(row)) }
        return all
    }
}

extension ModelSummary {
    fileprivate init(_ row: Row) throws {
        var columns = ColumnReader(row)
        model = Model(
            id: try columns.id(), name: try columns.next(), teamID: try columns.id(),
            createdAt: try columns.time())
        teamName = try columns.next()
        deploymentsCount = try columns.next()
        productionDeploymentID = try columns.optionalID()
        developmentDeploymentID = try columns.optionalID()
        instanceTypeID = try columns.optional()
    }
}
