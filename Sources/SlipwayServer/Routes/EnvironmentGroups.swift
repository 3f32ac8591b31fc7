// /v1/environment_groups, of the default team or of one: who may manage the environments of a name.

import Hummingbird
import SlipwayAPI
import SlipwayControl
import SlipwayCore

enum EnvironmentGroupRoutes {
    private static let owners: [(base: String, team: @Sendable (Call) throws -> TeamID?)] = [
        ("/v1", { _ in nil }), ("/v1/teams/{team_id}", { call in try call.teamID }),
    ]

    static func collection(_ services: Services) -> RouteCollection<ServerContext> {
        let control = services.control
        let routes = RouteCollection(context: ServerContext.self)
        for (base, team) in owners {
            routes.operation(.get, "\(base)/environment_groups") { call in
                EnvironmentGroupsV1(
                    items: try await control.environmentGroups(team: team(call)).map(EnvironmentGroupV1.init))
            }
            routes.operation(.get, "\(base)/environment_groups/{env_name}") { call in
                EnvironmentGroupV1(try await control.environmentGroup(call.environment, team: team(call)))
            }
            routes.operation(.patch, "\(base)/environment_groups/{env_name}") { call in
                let body = try await call.body(as: UpdateEnvironmentGroupRequestV1.self)
                guard let access = body.manageAccess else {
                    return EnvironmentGroupV1(
                        try await control.environmentGroup(call.environment, team: team(call)))
                }
                return EnvironmentGroupV1(
                    try await control.restrict(
                        call.environment, team: team(call), access.isRestricted,
                        userIDs: access.userIDs.map { UserID($0) }, by: call.caller))
            }
        }
        return routes
    }
}

extension EnvironmentGroupV1 {
    fileprivate init(_ view: EnvironmentGroupView) {
        self.init(
            name: view.group.name, teamID: view.group.teamID.text, teamName: view.teamName,
            manageAccess: EnvironmentGroupManageAccessV1(
                isRestricted: view.group.isRestricted,
                users: view.managers.map {
                    EnvironmentGroupUserV1(userID: $0.id.text, email: $0.email, name: $0.name)
                }))
    }
}
