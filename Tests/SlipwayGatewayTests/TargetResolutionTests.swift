// Which deployment a name stands for.

import SlipwayCore
import Testing

@testable import SlipwayGateway

@Suite struct TargetResolutionTests {
    private func resolve(_ target: InferenceTarget, _ routes: ModelRoutes) throws(PlatformError)
        -> DeploymentID
    {
        try RoutingTable(models: [model: routes]).resolve(RouteQuery(model: model, target: target, lot: 0))
    }

    @Test(
        "production reaches the development deployment until something was promoted; other environments do not"
    )
    func onlyDevelopment() throws {
        let routes = ModelRoutes(
            development: development, environments: ["production": nil, "staging": nil],
            deployments: [development])
        #expect(try resolve(.environment("production"), routes) == development)
        #expect(try resolve(.development, routes) == development)
        #expect(throws: PlatformError.self) { try resolve(.environment("staging"), routes) }
        var promoted = routes
        promoted.environments["production"] = .some(published)
        promoted.deployments.insert(published)
        #expect(try resolve(.environment("production"), promoted) == published)
        let none = ModelRoutes(environments: ["production": nil])
        #expect(throws: PlatformError.self) { try resolve(.environment("production"), none) }
    }
}
