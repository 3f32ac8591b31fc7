// The management API: built operations, 501 for the rest of the contract, 405 for the other methods of its
// paths. Served on the API host and, for machines that do not resolve it, below the app host.

import HTTPTypes
import Hummingbird
import SlipwayAPI
import SlipwayCore

enum ManagementRouter {
    private static let methods: [HTTPRequest.Method] = [.get, .post, .put, .patch, .delete, .head, .options]

    /// Adds all of `/v1` to a router that answers errors and authenticates.
    static func add(to router: Router<ServerContext>, _ services: Services) {
        for collection in collections(services) { router.addRoutes(collection) }
        addHealth(to: router, services)
        // Those that were added beside `operation` too.
        for route in router.routes { _ = AccessTable.demand(route.method.rawValue, route.path.description) }
        addUnbuilt(to: router)
        addMethodRefusals(to: router)
    }

    private static func collections(_ services: Services) -> [RouteCollection<ServerContext>] {
        [
            ModelRoutes.collection(services), DeploymentRoutes.collection(services),
            EnvironmentRoutes.collection(services), PushRoutes.collection(services),
            LogRoutes.collection(services), MetricsRoutes.collection(services),
            EnvironmentGroupRoutes.collection(services),
            PatchRoutes.collection(services),
            AuditLogRoutes.collection(services),
            SecretRoutes.collection(services),
            APIKeyRoutes.collection(services), UserRoutes.collection(services),
            TeamRoutes.collection(services), InstanceTypeRoutes.collection(services),
            WebhookSecretRoutes.collection(services),
        ]
    }

    private static func addUnbuilt(to router: Router<ServerContext>) {
        let built = Set(router.routes.map(\.description))
        for operation in ContractOperation.all {
            guard operation.plane == .management, let method = HTTPRequest.Method(operation.method.rawValue)
            else { continue }
            let path = RouterPath(operation.path)
            if built.contains("\(method) \(path)") { continue }
            router.on(path, method: method) { _, _ -> Response in
                throw Refusal.notImplemented("\(method) \(operation.path)")
            }
        }
    }

    /// Health and the contract need no key.
    private static func addHealth(to router: Router<ServerContext>, _ services: Services) {
        router.get("/healthz") { _, _ -> Response in
            guard let problem = await services.control.storageProblem() else { return Answer.text("ok\n") }
            var answer = Answer.text(problem + "\n")
            answer.status = .serviceUnavailable
            return answer
        }
        router.get("/openapi.json") { request, _ in
            try request.requireNoQuery()
            return Answer.json(encoded: services.contract)
        }
    }

    /// Every other method of a known path answers 405 with the possible ones. Called after all other routes.
    static func addMethodRefusals(to router: Router<ServerContext>) {
        let paths = Dictionary(grouping: router.routes, by: { $0.path.description })
        for routes in paths.values {
            let allowed = Set(routes.map(\.method))
            let allow = allowed.map(\.rawValue).sorted()
            for method in methods where !allowed.contains(method) {
                router.on(routes[0].path, method: method) { request, _ -> Response in
                    throw Refusal.methodNotAllowed(request.method.rawValue, allow: allow)
                }
            }
        }
    }
}
