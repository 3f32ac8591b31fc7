// Loops: sessions, runs, samplers and checkpoints of reinforcement learning.
// Paths and methods are facts of the public contract; ContractOperation.all collects them.

extension ContractOperation {
    static let loops: [ContractOperation] = [
        .notBuilt(.get, "/v1/loops/user_config"),
        .notBuilt(.patch, "/v1/loops/user_config"),
        .notBuilt(.get, "/v1/loops/capabilities"),
        .notBuilt(.post, "/v1/loops/sessions"),
        .notBuilt(.get, "/v1/loops/sessions/{session_id}"),
        .notBuilt(.get, "/v1/loops/runs"),
        .notBuilt(.post, "/v1/loops/runs"),
        .notBuilt(.get, "/v1/loops/runs/{run_id}"),
        .notBuilt(.get, "/v1/loops/samplers"),
        .notBuilt(.post, "/v1/loops/samplers"),
        .notBuilt(.get, "/v1/loops/samplers/{sampler_id}"),
        .notBuilt(.get, "/v1/loops/checkpoints"),
        .notBuilt(.post, "/v1/loops/checkpoints/validate"),
        .notBuilt(.get, "/v1/loops/checkpoints/{checkpoint_id}/files"),
        .notBuilt(.get, "/v1/loops/deployments"),
        .notBuilt(.post, "/v1/loops/deployments/{deployment_id}/deactivate"),
        .notBuilt(.get, "/v1/loops/deployments/{deployment_id}"),
        .notBuilt(.post, "/v1/loops/deployments/{deployment_id}/metrics"),
        .notBuilt(.get, "/v1/loops/deployments/{deployment_id}/logs"),
        .notBuilt(.post, "/v1/loops/runs/{run_id}/deactivate"),
        .notBuilt(.post, "/v1/loops/trainers"),
        .notBuilt(.post, "/v1/teams/{team_id}/loops/sessions"),
        .notBuilt(.get, "/v1/teams/{team_id}/loops/runs"),
        .notBuilt(.post, "/v1/teams/{team_id}/loops/runs"),
        .notBuilt(.post, "/v1/teams/{team_id}/loops/trainers"),
        .notBuilt(.get, "/v1/teams/{team_id}/loops/samplers"),
        .notBuilt(.post, "/v1/teams/{team_id}/loops/samplers"),
    ]
}
