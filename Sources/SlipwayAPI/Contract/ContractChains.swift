// Chains: several models behind one entry point.
// Paths and methods are facts of the public contract; ContractOperation.all collects them.

extension ContractOperation {
    static let chains: [ContractOperation] = [
        .notBuilt(.get, "/v1/chains"),
        .notBuilt(.get, "/v1/chains/{chain_id}"),
        .notBuilt(.delete, "/v1/chains/{chain_id}"),
        .notBuilt(.get, "/v1/chains/{chain_id}/deployments"),
        .notBuilt(.get, "/v1/chains/{chain_id}/deployments/{chain_deployment_id}"),
        .notBuilt(.delete, "/v1/chains/{chain_id}/deployments/{chain_deployment_id}"),
        .notBuilt(.post, "/v1/chains/{chain_id}/deployments/{chain_deployment_id}/deactivate"),
        .notBuilt(
            .get, "/v1/chains/{chain_id}/deployments/{chain_deployment_id}/chainlets/{chainlet_id}/logs"),
        .notBuilt(.get, "/v1/chains/{chain_id}/environments"),
        .notBuilt(.post, "/v1/chains/{chain_id}/environments"),
        .notBuilt(.get, "/v1/chains/{chain_id}/environments/{env_name}"),
        .notBuilt(.patch, "/v1/chains/{chain_id}/environments/{env_name}"),
        .notBuilt(.post, "/v1/chains/{chain_id}/environments/{env_name}/promote"),
        .notBuilt(
            .patch, "/v1/chains/{chain_id}/environments/{env_name}/chainlet_settings/autoscaling_settings"),
        .notBuilt(
            .post, "/v1/chains/{chain_id}/environments/{env_name}/chainlet_settings/instance_types/update"),
        .notBuilt(.get, "/v1/chains/{chain_id}/audit_logs"),
    ]
}
