// Who may do what: one row per operation. The server looks its row up for every route and does not start without one;
// a test calls every operation with every kind of key and compares.

/// Who may carry out an operation.
public struct AccessRule: Sendable, Equatable {
    /// Which keys open it.
    public enum Keys: Sendable, Equatable, CaseIterable {
        /// No key is asked for.
        case none
        /// Every key there is.
        case any
        case manage
        case manageAPIKeys
        case exportMetrics
        /// Those that may call the model.
        case invoke
        /// No API key: the grant that came with `prepare_model_upload`, for the object it names.
        case uploadGrant
    }

    /// Whose objects it reaches. The command decides with the function named here, in its transaction.
    public enum Objects: Sendable, Equatable {
        /// Those of the whole workspace.
        case workspace
        /// Models the key names, all where it names none (`APIKeyGrant.allows`).
        case modelsOfKey
        /// Restricted environments only for admins and those their group names (`EnvironmentGroup.canBeManaged`).
        case manageableEnvironments
        /// New keys without rights the caller's key lacks (`APIKeyCategory.canMake`).
        case keysWithinOwnRights
        /// The caller's own keys, for admins all; never one with rights the caller's key lacks
        /// (`APIKeyRecord.canBeDeleted`).
        case ownKeys
        /// The user behind the key.
        case caller
        /// The object of an upload, until its push (`S3Service.check`).
        case objectOfGrant
    }

    public var keys: Keys
    /// The user behind the key must have this role at least.
    public var role: UserRole
    public var objects: Objects

    public init(_ keys: Keys, _ objects: Objects, role: UserRole = .member) {
        self.keys = keys
        self.role = role
        self.objects = objects
    }

    /// Whether a key of this category, of a user with this role, opens the operation at all; `objects` may say no later.
    public func admits(_ category: APIKeyCategory, _ role: UserRole) -> Bool {
        guard self.role == .member || role == .admin else { return false }
        let grant = APIKeyGrant(category: category)
        return switch keys {
        case .none, .any: true
        case .manage: grant.allows(.manage)
        case .manageAPIKeys: grant.allows(.manageAPIKeys)
        case .exportMetrics: grant.allows(.exportMetrics)
        case .invoke: category == .workspaceInvoke || grant.allows(.manage)
        case .uploadGrant: false
        }
    }
}

public enum AccessTable {
    /// By method and path template.
    public static let rows: [String: AccessRule] = Dictionary(
        uniqueKeysWithValues: groups.flatMap { rule, operations in operations.map { ($0, rule) } })

    /// - Returns: nil for an operation without a row, which must not be served.
    public static func rule(_ method: String, _ path: String) -> AccessRule? { rows["\(method) \(path)"] }

    private static let reading = AccessRule(.manage, .workspace)
    private static let changing = AccessRule(.manage, .workspace)
    private static let changingEnvironments = AccessRule(.manage, .manageableEnvironments)

    private static let groups: [(AccessRule, [String])] = [
        (AccessRule(.none, .workspace), ["GET /healthz", "GET /openapi.json"]),
        (AccessRule(.any, .caller), ["GET /v1/users/me"]),
        (AccessRule(.exportMetrics, .modelsOfKey), ["GET /metrics"]),
        // Each of its fields reads or pushes.
        (changingEnvironments, ["POST /graphql"]),
        (
            reading,
            [
                "GET /v1/models", "GET /v1/teams/{team_id}/models", "GET /v1/models/{model_id}",
                "GET /v1/models/{model_id}/audit_logs", "GET /v1/audit_logs", "GET /v1/secrets",
                "GET /v1/teams/{team_id}/secrets", "GET /v1/teams", "GET /v1/teams/{team_id}",
                "GET /v1/users", "GET /v1/users/{user_id}", "GET /v1/instance_types",
                "GET /v1/instance_type_prices", "GET /v1/webhook_secrets", "GET /v1/environment_groups",
                "GET /v1/environment_groups/{env_name}", "GET /v1/teams/{team_id}/environment_groups",
                "GET /v1/teams/{team_id}/environment_groups/{env_name}", "GET /v1/regions",
                "GET /v1/teams/{team_id}/regions",
            ] + deployments.map { "GET \($0)" }
                + ["config", "download", "logs", "metrics", "patches/state", "scaling_decisions"]
                .map { "GET \(deployment)/\($0)" }
                + ["POST \(deployment)/logs", "GET \(model)/deployments", "GET \(model)/environments"]
                + ["", "/logs", "/metrics", "/promotions"].map { "GET \(environment)\($0)" }
        ),
        (
            changing,
            [
                "POST /v1/prepare_model_upload", "GET /v1/blobs/credentials/model", "POST /v1/secrets",
                "DELETE /v1/secrets/{secret_name}", "POST /v1/teams/{team_id}/secrets",
                "DELETE /v1/teams/{team_id}/secrets/{secret_name}", "POST /v1/webhook_secrets",
                "POST \(deployment)/patches", "POST \(deployment)/patches/sync",
                "PATCH \(model)",
            ]
        ),
        (
            changingEnvironments,
            [
                "POST /v1/models", "POST /v1/teams/{team_id}/models", "POST \(model)/deployments",
                "DELETE \(model)", "DELETE \(deployment)/replicas/{replica_id}", "PATCH \(deployment)",
                "DELETE \(deployment)",
                "PATCH \(deployment)/request_backpressure_settings", "POST \(model)/environments",
                "PATCH \(environment)", "DELETE \(environment)", "POST \(deployment)/promote",
                "POST \(model)/deployments/development/promote",
            ]
                + deployments.flatMap { place in
                    ["activate", "deactivate", "retry"].map { "POST \(place)/\($0)" }
                        + ["PATCH \(place)/autoscaling_settings"]
                }
                + [
                    "activate", "deactivate", "promote", "cancel_promotion", "pause_promotion",
                    "resume_promotion", "force_cancel_promotion", "force_roll_forward_promotion",
                ].map { "POST \(environment)/\($0)" }
        ),
        (
            AccessRule(.manage, .workspace, role: .admin),
            [
                "PATCH /v1/environment_groups/{env_name}",
                "PATCH /v1/teams/{team_id}/environment_groups/{env_name}", "POST /v1/users",
            ]
        ),
        (AccessRule(.manageAPIKeys, .workspace), ["GET /v1/api_keys"]),
        (
            AccessRule(.manageAPIKeys, .keysWithinOwnRights),
            ["POST /v1/api_keys", "POST /v1/teams/{team_id}/api_keys"]
        ),
        (AccessRule(.manageAPIKeys, .ownKeys), ["DELETE /v1/api_keys/{api_key_prefix}"]),
        (
            AccessRule(.invoke, .modelsOfKey),
            targets.flatMap { target in
                ["POST \(target)/async_predict", "GET \(target)/async_queue_status"]
            } + ["GET", "DELETE"].map { "\($0) /model/{model_id}/async_request/{request_id}" }
                + ["GET /model/{model_id}/async_request/{request_id}/output"]
                // Of every target, by host or path; the gateway looks these up when it starts.
                + ["POST \(target)/predict", "POST \(target)/wake", "GET \(target)/websocket"]
                + ["ANY \(target)/sync/{path}", "gRPC \(target)"]
        ),
        (AccessRule(.uploadGrant, .objectOfGrant), [uploads]),
    ]

    /// Any target of a model on the inference plane.
    public static let target = "/model/{model_id}/{target}"
    /// Every method of the upload host.
    public static let uploads = "ANY /{bucket}/{key}"
    private static let model = "/v1/models/{model_id}"
    private static let deployment = "\(model)/deployments/{deployment_id}"
    private static let environment = "\(model)/environments/{env_name}"
    private static let deployments = [
        deployment, "\(model)/deployments/development", "\(model)/deployments/production",
    ]
    private static let targets = [
        "production", "development", "environments/{env_name}", "deployment/{deployment_id}",
    ].map { "/model/{model_id}/\($0)" }
}

extension APIKeyCategory {
    /// Whether a key of this category may make one of another: none with rights it lacks itself.
    public func canMake(_ other: APIKeyCategory) -> Bool {
        self != .workspaceManageAPIKeys || (other != .personal && other != .workspaceManageAll)
    }
}

extension APIKeyRecord {
    /// Whether a user may delete this key with a key of `category`.
    public func canBeDeleted(by user: User, with category: APIKeyCategory) -> Bool {
        category.canMake(grant.category) && (user.role == .admin || user.id == ownerID)
    }
}
