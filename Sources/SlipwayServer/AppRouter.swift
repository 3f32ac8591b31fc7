// The app host: GraphQL for the official client, a page naming the endpoints, and the management API again.

import Hummingbird

enum AppRouter {
    static func add(to router: Router<ServerContext>, _ services: Services) {
        let address = services.address
        router.get("/") { _, _ in
            Answer.text(
                """
                Slipway

                management API  \(address.apiURL)/v1 (also \(address.url)/v1)
                contract        \(address.url)/openapi.json
                inference       \(address.modelURL("{model_id}"))/production/predict
                GraphQL         \(address.url)/graphql/
                metrics         \(address.url)/metrics
                uploads         \(address.uploadURL)
                health          \(address.url)/healthz

                """)
        }
        MetricsRoutes.addExport(to: router, services)
        GraphQLRoute.add(to: router, services)
        ManagementRouter.add(to: router, services)
    }
}
