// What a benchmark or a test asks of the host: --replicas PORT,PORT --loops N --models N --deployments N --keys N
// --head-timeout SECONDS --idle-timeout SECONDS.

import SlipwayCore
import SlipwayGateway

struct UsageError: Error { let text: String }

struct Options {
    /// The key and the model that the load names.
    static let key = "benchmark.0123456789abcdef0123456789abcdef"
    static let model = ModelID("bench001")

    var replicas: [Int] = []
    var loops = 1
    var models = 1
    var deployments = 1
    var keys = 1
    /// Seconds; nil for those of the gateway.
    var headTimeout: Int?
    var idleTimeout: Int?

    init(_ arguments: [String]) throws {
        var rest = arguments[...]
        while let name = rest.popFirst() {
            guard let value = rest.popFirst() else { throw UsageError(text: "\(name) needs a value") }
            let numbers = try value.split(separator: ",").map { word in
                guard let number = Int(word) else { throw UsageError(text: "\(name): \(word)") }
                return number
            }
            switch name {
            case "--replicas": replicas = numbers
            case "--loops": loops = numbers[0]
            case "--models": models = numbers[0]
            case "--deployments": deployments = numbers[0]
            case "--keys": keys = numbers[0]
            case "--head-timeout": headTimeout = numbers[0]
            case "--idle-timeout": idleTimeout = numbers[0]
            default: throw UsageError(text: "unknown option \(name)")
            }
        }
    }

    /// The model of the load is one of `models`, its deployment one of `deployments`.
    func table() -> RoutingTable {
        var table = RoutingTable()
        for number in 0..<keys {
            let key = number == 0 ? Self.key : "benchmark.\(number)"
            table.set(APIKeyGrant(category: .personal), for: KeyDigest(keyText: key))
        }
        for number in 0..<models {
            let model = number == 0 ? Self.model : ModelID("other\(number)")
            var routes = ModelRoutes()
            for version in 0..<max(1, deployments / models) {
                let deployment = DeploymentID("d\(number)v\(version)")
                routes.deployments.insert(deployment)
                routes.environments["production"] = deployment
                table.set(route(of: deployment, model, isLoaded: false), for: deployment)
            }
            table.update(model) { $0 = routes }
            if number == 0, case let deployment?? = routes.environments["production"] {
                table.set(route(of: deployment, model, isLoaded: true), for: deployment)
            }
        }
        return table
    }

    private func route(of deployment: DeploymentID, _ model: ModelID, isLoaded: Bool) -> DeploymentRoute {
        let routes = (isLoaded ? replicas : []).map { port in
            ReplicaRoute(
                replicaID: ReplicaID("replica\(port)"),
                endpoint: ReplicaEndpoint(host: "127.0.0.1", port: port))
        }
        return DeploymentRoute(
            deploymentID: deployment, modelID: model, predictPath: "/v1/models/model:predict",
            availability: .open, replicas: routes)
    }
}
