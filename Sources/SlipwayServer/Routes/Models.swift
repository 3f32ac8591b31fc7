// /v1/models and /v1/teams/{team_id}/models: reading and deleting. Pushes.swift makes them.

import Hummingbird
import SlipwayAPI

enum ModelRoutes {
    static func collection(_ services: Services) -> RouteCollection<ServerContext> {
        let control = services.control
        let routes = RouteCollection(context: ServerContext.self)
        routes.operation(.get, "/v1/models") { call in
            ModelsV1(models: try await control.models(team: nil, named: call.name).map(ModelV1.init))
        }
        routes.operation(.get, "/v1/teams/{team_id}/models") { call in
            ModelsV1(models: try await control.models(team: call.teamID, named: call.name).map(ModelV1.init))
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
}
