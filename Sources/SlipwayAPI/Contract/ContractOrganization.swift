// Teams, users, secrets, API keys, instance types and regions.
// Paths and methods are facts of the public contract; ContractOperation.all collects them.

extension ContractOperation {
    static let organization: [ContractOperation] = [
        .built(.get, "/v1/secrets"),
        .built(.post, "/v1/secrets"),
        .built(.delete, "/v1/secrets/{secret_name}"),
        .built(.get, "/v1/teams/{team_id}/secrets"),
        .built(.post, "/v1/teams/{team_id}/secrets"),
        .built(.delete, "/v1/teams/{team_id}/secrets/{secret_name}"),
        .built(.get, "/v1/environment_groups"),
        .built(.get, "/v1/environment_groups/{env_name}"),
        .built(.patch, "/v1/environment_groups/{env_name}"),
        .built(.get, "/v1/teams/{team_id}/environment_groups"),
        .built(.get, "/v1/teams/{team_id}/environment_groups/{env_name}"),
        .built(.patch, "/v1/teams/{team_id}/environment_groups/{env_name}"),
        .built(.get, "/v1/teams"),
        .built(.get, "/v1/teams/{team_id}"),
        .built(.get, "/v1/instance_types"),
        .built(.get, "/v1/instance_type_prices"),
        .built(.post, "/v1/teams/{team_id}/api_keys"),
        .built(.get, "/v1/api_keys"),
        .built(.post, "/v1/api_keys"),
        .built(.delete, "/v1/api_keys/{api_key_prefix}"),
        .notBuilt(.get, "/v1/billing/usage_summary"),
        .built(.get, "/v1/users"),
        .built(.get, "/v1/users/me"),
        .built(.get, "/v1/users/{user_id}"),
        .built(.get, "/v1/regions"),
        .built(.get, "/v1/teams/{team_id}/regions"),
        .built(.get, "/v1/audit_logs"),
    ]
}
