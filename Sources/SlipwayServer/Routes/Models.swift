// /v1/models and /v1/teams/{team_id}/models: reading and deleting. Pushes.swift makes them.

import Hummingbird
import SlipwayAPI
import SlipwayControl
import SlipwayCore

enum ModelRoutes {
    static func collection(_ services: Services) -> RouteCollection<ServerContext> {
        let control = services.control
        let routes = RouteCollection(context: ServerContext.self)
        routes.operation(.get, "/v1/models") { call in try await list(nil, call, control) }
        routes.operation(.get, "/v1/teams/{team_id}/models") { call in
            try await list(try call.teamID, call, control)
        }
        routes.operation(.get, "/v1/models/{model_id}") { call in
            ModelV1(try await control.model(call.modelID))
        }
        routes.operation(.patch, "/v1/models/{model_id}") { call in
            let id = try call.modelID
            guard let name = try await call.body(as: UpdateModelRequestV1.self).name else {
                return ModelV1(try await control.model(id))
            }
            return ModelV1(try await control.renameModel(id, to: name, by: call.caller))
        }
        routes.operation(.delete, "/v1/models/{model_id}") { call in
            let id = try call.modelID
            try await control.deleteModel(id, by: call.caller)
            return ModelTombstoneV1(id: id.text, deleted: true)
        }
        return routes
    }

    private static func list(
        _ team: TeamID?, _ call: Call, _ control: ControlPlane
    ) async throws -> ModelsV1 {
        guard let page = try Page(call.query) else {
            return ModelsV1(models: try await control.models(team: team, named: call.name).map(ModelV1.init))
        }
        let (models, hasMore) = try await control.models(
            team: team, named: call.name, after: page.after, limit: page.limit)
        let last = models.last.map { ModelPlace(createdAt: $0.model.createdAt, id: $0.model.id) }
        return ModelsV1(
            models: models.map(ModelV1.init),
            pagination: PaginationResponseV1(hasMore: hasMore, cursor: hasMore ? last?.cursor : nil))
    }

    private struct Page {
        static let most = 1000
        var limit = most
        var after: ModelPlace?

        /// Nil where the query asks for no page.
        init?(_ query: [(name: String, value: String)]) throws {
            let asked = query.filter { $0.name == "limit" || $0.name == "cursor" }
            if asked.isEmpty { return nil }
            for (name, value) in asked {
                if name == "limit" {
                    limit = try PageQuery.limit(value, most: Self.most)
                } else {
                    guard let place = ModelPlace(cursor: value) else {
                        throw PageQuery.badCursor
                    }
                    after = place
                }
            }
        }
    }
}

extension ModelPlace {
    fileprivate var cursor: String { "\(createdAt.microseconds).\(id)" }

    fileprivate init?(cursor: String) {
        let parts = cursor.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, let microseconds = Int64(parts[0]), !parts[1].isEmpty else { return nil }
        self.init(createdAt: Timestamp(microseconds: microseconds), id: ModelID(String(parts[1])))
    }
}
