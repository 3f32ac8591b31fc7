// The app host: the dashboard for people, GraphQL for the official client, and the management API again.

import Hummingbird

enum AppRouter {
    /// What programs ask for; everything else is a page of the dashboard.
    private static let programs: Set<Substring> = [
        "v1", "graphql", "metrics", "model", "healthz", "openapi.json",
    ]

    /// By the first segment, as the router reads paths.
    static func isForPeople(_ path: String) -> Bool {
        guard let first = path.split(separator: "/").first else { return true }
        return !programs.contains(first)
    }

    static func add(to router: Router<ServerContext>, _ services: Services) {
        MetricsRoutes.addExport(to: router, services)
        GraphQLRoute.add(to: router, services)
        ManagementRouter.add(to: router, services)
    }
}
