// /v1/instance_types and their prices: the machines are the operator's own, who may put a price on them. And the one
// region there is: this machine.

import Hummingbird
import SlipwayAPI

enum InstanceTypeRoutes {
    static func collection(_ services: Services) -> RouteCollection<ServerContext> {
        let control = services.control
        let routes = RouteCollection(context: ServerContext.self)
        routes.operation(.get, "/v1/instance_types") { _ in
            InstanceTypesV1(instanceTypes: control.instanceTypes.map(InstanceTypeV1.init))
        }
        routes.operation(.get, "/v1/instance_type_prices") { _ in
            InstanceTypePricesV1(
                instanceTypes: control.instanceTypes.map {
                    InstanceTypeWithPriceV1(instanceType: InstanceTypeV1($0), price: $0.pricePerMinute)
                })
        }
        let regions = RegionsV1(regions: [RegionV1(slug: "local", displayName: "This machine")])
        routes.operation(.get, "/v1/regions") { _ in regions }
        routes.operation(.get, "/v1/teams/{team_id}/regions") { call in
            _ = try await control.team(call.teamID)
            return regions
        }
        return routes
    }
}
