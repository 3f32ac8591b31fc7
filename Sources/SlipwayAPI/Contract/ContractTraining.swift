// Training projects, jobs and capacity.
// Paths and methods are facts of the public contract; ContractOperation.all collects them.

extension ContractOperation {
    static let training: [ContractOperation] = [
        .notBuilt(.post, "/v1/teams/{team_id}/training_projects"),
        .notBuilt(.get, "/v1/training_projects"),
        .notBuilt(.post, "/v1/training_projects"),
        .notBuilt(.get, "/v1/training_projects/{training_project_id}/jobs"),
        .notBuilt(.post, "/v1/training_projects/{training_project_id}/jobs"),
        .notBuilt(.get, "/v1/training_projects/{training_project_id}/jobs/{training_job_id}"),
        .notBuilt(.patch, "/v1/training_projects/{training_project_id}/jobs/{training_job_id}"),
        .notBuilt(.delete, "/v1/training_projects/{training_project_id}/jobs/{training_job_id}"),
        .notBuilt(.get, "/v1/training_projects/{training_project_id}/jobs/{training_job_id}/download"),
        .notBuilt(.post, "/v1/training_projects/{training_project_id}/jobs/{training_job_id}/recreate"),
        .notBuilt(.get, "/v1/training_projects/{training_project_id}/jobs/{training_job_id}/logs"),
        .notBuilt(.post, "/v1/training_projects/{training_project_id}/jobs/{training_job_id}/logs"),
        .notBuilt(.get, "/v1/training_projects/{training_project_id}/jobs/{training_job_id}/metrics"),
        .notBuilt(.post, "/v1/training_projects/{training_project_id}/jobs/{training_job_id}/metrics"),
        .notBuilt(.post, "/v1/training_projects/{training_project_id}/jobs/{training_job_id}/stop"),
        .notBuilt(.get, "/v1/training_projects/{training_project_id}/jobs/{training_job_id}/checkpoints"),
        .notBuilt(
            .get, "/v1/training_projects/{training_project_id}/jobs/{training_job_id}/checkpoint_files"),
        .notBuilt(.get, "/v1/training_projects/{training_project_id}/jobs/{training_job_id}/auth_codes"),
        .notBuilt(
            .patch,
            "/v1/training_projects/{training_project_id}/jobs/{training_job_id}/interactive_sessions/{session_id}"
        ),
        .notBuilt(.post, "/v1/training_projects/{training_project_id}/jobs/{training_job_id}/ssh/sign"),
        .notBuilt(.get, "/v1/training_projects/{training_project_id}/cache/summary"),
        .notBuilt(.get, "/v1/training_projects/{training_project_id}"),
        .notBuilt(.delete, "/v1/training_projects/{training_project_id}"),
        .notBuilt(.post, "/v1/training_jobs/search"),
        .notBuilt(.get, "/v1/training/capacity"),
        .notBuilt(.get, "/v1/training/jobs/{training_job_id}/queue_context"),
        .notBuilt(.patch, "/v1/training/capacity"),
    ]
}
