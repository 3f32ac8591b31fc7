// /v1/users: who has access. `me` answers any key.

import Hummingbird
import SlipwayAPI
import SlipwayCore

enum UserRoutes {
    /// Users of a page, unless the query asks for fewer or more.
    static let defaultPage = 100
    static let largestPage = 1000

    static func collection(_ services: Services) -> RouteCollection<ServerContext> {
        let control = services.control
        let routes = RouteCollection(context: ServerContext.self)
        routes.operation(.get, "/v1/users") { call in
            let page = try Page(call.query)
            let workspace = try await control.organization.name
            let users = try await control.users().sorted { $0.id < $1.id }
            if let after = page.after, !users.contains(where: { $0.id.text == after }) {
                throw PageQuery.badCursor
            }
            let rest = users.filter { user in
                (page.email == nil || user.email == page.email)
                    && page.after.map { user.id.text > $0 } ?? true
            }
            let items = rest.prefix(page.limit)
            let hasMore = rest.count > items.count
            return UsersResponseV1(
                items: items.map { UserInfoV1($0, workspace: workspace) },
                pagination: PaginationResponseV1(
                    hasMore: hasMore, cursor: hasMore ? items.last?.id.text : nil))
        }
        routes.operation(.post, "/v1/users") { call in
            let body = try await call.body(as: CreateUserRequestV1.self)
            let made = try await control.addUser(
                email: body.email, name: body.name ?? "", role: body.role == .admin ? .admin : .member,
                by: call.caller)
            return CreatedUserV1(
                user: UserInfoV1(made.user, workspace: try await control.organization.name),
                apiKey: made.key)
        }
        routes.operation(.get, "/v1/users/me") { call in
            UserInfoV1(call.caller.user, workspace: try await control.organization.name)
        }
        routes.operation(.get, "/v1/users/{user_id}") { call in
            UserInfoV1(
                try await control.user(UserID(call.parameter("user_id"))),
                workspace: try await control.organization.name)
        }
        return routes
    }

    private struct Page {
        var limit = defaultPage
        /// The last id of the page before.
        var after: String?
        /// Only the user with this address.
        var email: String?

        init(_ query: [(name: String, value: String)]) throws {
            for (name, value) in query {
                switch name {
                case "cursor": after = value
                case "email": email = value
                case "limit": limit = try PageQuery.limit(value, most: largestPage)
                default: continue
                }
            }
        }
    }
}
