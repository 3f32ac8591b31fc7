// /v1/teams: the owners of models, secrets and keys.

import Hummingbird
import SlipwayAPI

enum TeamRoutes {
    static func collection(_ services: Services) -> RouteCollection<ServerContext> {
        let control = services.control
        let routes = RouteCollection(context: ServerContext.self)
        routes.operation(.get, "/v1/teams") { call in
            let name = try call.name
            return TeamsV1(
                teams: try await control.teams().filter { name == nil || $0.name == name }.map(TeamV1.init))
        }
        routes.operation(.get, "/v1/teams/{team_id}") { call in
            TeamV1(try await control.team(call.teamID))
        }
        return routes
    }
}
