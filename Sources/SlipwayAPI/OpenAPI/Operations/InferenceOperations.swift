// OpenAPI operations on the hosts of models; OpenAPIDocument collects them.

import FoundationEssentials

extension APIOperation {
    /// Predicting, waking and passing requests through, for every way to name a deployment.
    static let inference: [APIOperation] = targets.flatMap { target in
        [
            .inference(
                .post, "\(target.prefix)/predict", "predict\(target.suffix)",
                "Calls the predict function of \(target.name).", body: .model, answer: .model),
            .inference(
                .post, "\(target.prefix)/wake", "wake\(target.suffix)",
                "Starts a replica of \(target.name) if none runs; does not wait for it.", body: .none,
                status: 202, answer: .none),
        ] + target.passThrough
    }

    /// A way to name the deployment that a call is for.
    private struct Target {
        var prefix: String
        var suffix: String
        var name: String

        /// Requests to the model's own server. A regional host has them too, but not below a prefix.
        var passThrough: [APIOperation] {
            prefix.isEmpty
                ? []
                : [ContractOperation.Method.get, .post].map { method in
                    .inference(
                        method, "\(prefix)/sync/{path}",
                        "sync\(method.rawValue.capitalized)\(suffix)",
                        "Passes a request on to the server of \(name) and its answer back.",
                        body: method == .post ? .model : .none, answer: .model)
                }
        }
    }

    private static let targets = [
        Target(prefix: "/production", suffix: "Production", name: "the production deployment"),
        Target(prefix: "/development", suffix: "Development", name: "the development deployment"),
        Target(prefix: "/environments/{env_name}", suffix: "", name: "an environment's deployment"),
        Target(prefix: "/deployment/{deployment_id}", suffix: "Deployment", name: "one deployment"),
        Target(prefix: "", suffix: "Regional", name: "the environment the host names"),
    ]
}
