// Slipway's own operations, beside those of the public contract.

extension ContractOperation {
    public static let extensions: [ContractOperation] = [
        .built(.get, "/v1/models/{model_id}/environments/{env_name}/promotions"),
        .built(.get, "/v1/models/{model_id}/deployments/{deployment_id}/scaling_decisions"),
        .built(.get, "/async_request/{request_id}/output"),
        .built(.get, "/v1/webhook_secrets"),
        .built(.post, "/v1/webhook_secrets"),
        .built(.post, "/v1/users"),
        .built(.patch, "/v1/models/{model_id}"),
    ]
}
