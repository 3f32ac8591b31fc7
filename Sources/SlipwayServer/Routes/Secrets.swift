// /v1/secrets and /v1/teams/{team_id}/secrets: names are listed, values are only ever written.

import Hummingbird
import SlipwayAPI
import SlipwayCore

enum SecretRoutes {
    /// Paths without a team list those of every team and write to the caller's.
    private static let bases: [(path: String, team: @Sendable (Call) throws -> TeamID?)] = [
        ("/v1/secrets", { _ in nil }),
        ("/v1/teams/{team_id}/secrets", { call in try call.teamID }),
    ]

    static func collection(_ services: Services) -> RouteCollection<ServerContext> {
        let control = services.control
        let routes = RouteCollection(context: ServerContext.self)
        for (base, team) in bases {
            routes.operation(.get, "\(base)") { call in
                SecretsV1(secrets: try await control.secrets(team: team(call)).map(SecretV1.init))
            }
            routes.operation(.post, "\(base)") { call in
                let body = try await call.body(as: UpsertSecretRequestV1.self)
                return SecretV1(
                    try await control.upsertSecret(
                        name: body.name, value: body.value, team: team(call), by: call.caller))
            }
            routes.operation(.delete, "\(base)/{secret_name}") { call in
                let name = try call.parameter("secret_name")
                try await control.deleteSecret(name: name, team: team(call), by: call.caller)
                return SecretTombstoneV1(name: name)
            }
        }
        return routes
    }
}
