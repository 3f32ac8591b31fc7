// /v1/api_keys and /v1/teams/{team_id}/api_keys: a key's text is answered once, when it is made.

import Hummingbird
import SlipwayAPI
import SlipwayCore

enum APIKeyRoutes {
    static func collection(_ services: Services) -> RouteCollection<ServerContext> {
        let control = services.control
        let routes = RouteCollection(context: ServerContext.self)
        routes.operation(.get, "/v1/api_keys") { _ in
            APIKeysV1(keys: try await control.apiKeys().map(APIKeyInfoV1.init))
        }
        routes.operation(.post, "/v1/api_keys") { call in
            try await create(call, team: nil, services)
        }
        routes.operation(.post, "/v1/teams/{team_id}/api_keys") { call in
            try await create(call, team: call.teamID, services)
        }
        routes.operation(.delete, "/v1/api_keys/{api_key_prefix}") { call in
            let prefix = try call.parameter("api_key_prefix")
            try await control.deleteAPIKey(prefix: prefix, by: call.caller)
            return APIKeyTombstoneV1(prefix: prefix)
        }
        return routes
    }

    private static func create(_ call: Call, team: TeamID?, _ services: Services) async throws -> APIKeyV1 {
        let body = try await call.body(as: CreateAPIKeyRequestV1.self)
        if let team, let named = body.teamID, named != team.text {
            throw Refusal.validation("team_id: the path names another team.")
        }
        // No models and an empty list both mean that the key is not limited to some.
        let models = body.modelIDs.flatMap { $0.isEmpty ? nil : $0.map { ModelID($0) } }
        return APIKeyV1(
            apiKey: try await services.control.createAPIKey(
                name: body.name, category: body.type.category, modelIDs: models,
                team: team ?? body.teamID.map { TeamID($0) }, by: call.caller))
    }
}
