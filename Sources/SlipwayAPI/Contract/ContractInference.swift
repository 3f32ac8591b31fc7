// Calls of models and chains, on hosts of their own.
// Paths and methods are facts of the public contract; ContractOperation.all collects them.

extension ContractOperation {
    static let inference: [ContractOperation] = [
        .built(.post, "/production/predict"),
        .built(.post, "/development/predict"),
        .built(.post, "/environments/{env_name}/predict"),
        .built(.post, "/deployment/{deployment_id}/predict"),
        .notBuilt(.post, "/production/run_remote"),
        .notBuilt(.post, "/development/run_remote"),
        .notBuilt(.post, "/environments/{env_name}/run_remote"),
        .notBuilt(.post, "/deployment/{deployment_id}/run_remote"),
        .built(.post, "/production/async_predict"),
        .built(.post, "/development/async_predict"),
        .built(.post, "/environments/{env_name}/async_predict"),
        .built(.post, "/deployment/{deployment_id}/async_predict"),
        .notBuilt(.post, "/production/async_run_remote"),
        .notBuilt(.post, "/development/async_run_remote"),
        .notBuilt(.post, "/environments/{env_name}/async_run_remote"),
        .notBuilt(.post, "/deployment/{deployment_id}/async_run_remote"),
        .built(.get, "/async_request/{request_id}"),
        .built(.delete, "/async_request/{request_id}"),
        .built(.get, "/production/async_queue_status"),
        .built(.get, "/development/async_queue_status"),
        .built(.get, "/environments/{env_name}/async_queue_status"),
        .built(.get, "/deployment/{deployment_id}/async_queue_status"),
        .built(.post, "/production/wake"),
        .built(.post, "/development/wake"),
        .built(.post, "/environments/{env_name}/wake"),
        .built(.post, "/deployment/{deployment_id}/wake"),
        .built(.post, "/predict"),
        .notBuilt(.post, "/run_remote"),
        .built(.post, "/async_predict"),
        .notBuilt(.post, "/async_run_remote"),
        .built(.get, "/async_queue_status"),
        .built(.post, "/wake"),
    ]
}
