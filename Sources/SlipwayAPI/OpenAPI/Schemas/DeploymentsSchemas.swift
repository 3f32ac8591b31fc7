// OpenAPI schemas of the documents in Documents/Deployments.swift; OpenAPIDocument collects them.

extension Schema {
    static let deployments: [String: Schema] = [
        "DeploymentStatusV1": .choice(DeploymentStatusV1.self).described(
            "Where a deployment is in its life."),
        "DeploymentV1": .object(
            "One immutable version of a model, with its state and settings.",
            .required("id", .string, "Identifier of the deployment."),
            .required("created_at", .dateTime, "When the deployment was made."),
            .required("name", .string, "Name shown to people."),
            .required("model_id", .string, "The model it belongs to."),
            .required("is_production", .boolean, "Whether production serves this deployment."),
            .required("is_development", .boolean, "Whether this is the development deployment of its model."),
            .required("status", .ref("DeploymentStatusV1"), "Present state."),
            .required("active_replica_count", .integer, "Replicas that are ready for requests."),
            .required(
                "autoscaling_settings", .ref("AutoscalingSettingsV1").nullable,
                "How the number of replicas follows the load; null when not known yet."),
            .required(
                "instance_type_name", .string.nullable, "Name of the instance type each replica runs on."),
            .required(
                "environment", .string.nullable, "The environment that serves this deployment, if any."),
            .optional(
                "labels", .freeObject.nullable.defaulting(to: .null), "Free labels given at push time."),
            .required(
                "request_backpressure_settings", .ref("RequestBackpressureSettingsV1"),
                "What becomes of requests when all replicas are busy."),
            .required(
                "status_reason", .string.nullable,
                "Why the status is what it is; null while ACTIVE (an extension of Slipway).")
        ),
        "DeploymentsV1": .object(
            "The deployments of a model.",
            .required("deployments", .array(.ref("DeploymentV1")), "The deployments; the list is complete.")),
        "DeploymentTombstoneV1": .object(
            "What remains of a deleted deployment.",
            .required("id", .string, "Identifier of the deleted deployment."),
            .required("deleted", .boolean, "True once the deployment is gone."),
            .required("model_id", .string, "The model it belonged to.")),
        "UpdateDeploymentRequestV1": .object(
            "Changes to a deployment that leave what it runs alone.", closed: true,
            .optional(
                "name", .string(length: 1...255).nullable.defaulting(to: .null),
                "New name; null or absent leaves the old one.")),
        "ActivateResponseV1": .object(
            "Answer to a request to start a deployment.",
            .optional("success", .boolean.defaulting(to: .bool(true)), "Whether the start was accepted.")),
        "DeactivateResponseV1": .object(
            "Answer to a request to stop a deployment.",
            .optional("success", .boolean.defaulting(to: .bool(true)), "Whether the stop was accepted.")),
        "RetryDeploymentResponseV1": .object(
            "Answer to a request to try a failed deployment again.",
            .required("retried", .boolean, "Whether another attempt was started."),
            .optional("reason", .string.nullable.defaulting(to: .null), "Why there was none, if so."),
            .required("deployment", .ref("DeploymentV1"), "The deployment after the call.")),
        "DeploymentConfigOutputFormat": .choice(DeploymentConfigOutputFormat.self).described(
            "Which forms of the configuration to answer."),
        "DeploymentConfigResponseV1": .object(
            "The configuration a deployment was pushed with.",
            .optional(
                "config", .freeObject.nullable.defaulting(to: .null),
                "The configuration as an object, when asked for."),
            .optional(
                "raw_config", .string.nullable.defaulting(to: .null),
                "The text of config.yaml as the client sent it, when asked for and kept.")),
        "DownloadDeploymentResponseV1": .object(
            "Where to fetch the pushed archive.",
            .required("download_url", .string, "A signed address that stops working after a while.")),
    ]
}
