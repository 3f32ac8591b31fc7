// OpenAPI operations of deployments; OpenAPIDocument collects them.

extension APIOperation {
    static let deployments: [APIOperation] = [
        .management(
            .get, "/v1/models/{model_id}/deployments", "listDeployments",
            "Lists the deployments of a model, newest first.",
            query: [
                Query(
                    "name", .string.nullable.defaulting(to: .null),
                    "Only the deployment of exactly this name.")
            ],
            answers: "DeploymentsV1"),
        .management(
            .get, "/v1/models/{model_id}/deployments/development", "getDevelopmentDeployment",
            "Reads the development deployment.",
            answers: "DeploymentV1"),
        .management(
            .get, "/v1/models/{model_id}/deployments/production", "getProductionDeployment",
            "Reads the deployment production serves.",
            answers: "DeploymentV1"),
        .management(
            .get, "/v1/models/{model_id}/deployments/{deployment_id}", "getDeployment",
            "Reads a deployment.",
            answers: "DeploymentV1"),
        .management(
            .patch, "/v1/models/{model_id}/deployments/{deployment_id}", "updateDeployment",
            "Renames a deployment.", takes: "UpdateDeploymentRequestV1",
            answers: "DeploymentV1"),
        .management(
            .delete, "/v1/models/{model_id}/deployments/{deployment_id}", "deleteDeployment",
            "Deletes a deployment that no environment serves.",
            answers: "DeploymentTombstoneV1"),
        .management(
            .delete, "/v1/models/{model_id}/deployments/{deployment_id}/replicas/{replica_id}",
            "terminateReplica",
            "Ends a replica after its last request; another one takes its place.",
            answers: "TerminateReplicaResponseV1"),
        .management(
            .get, "/v1/models/{model_id}/deployments/{deployment_id}/config", "getDeploymentConfig",
            "Reads the configuration a deployment was pushed with.",
            query: [
                Query(
                    "output_format", .ref("DeploymentConfigOutputFormat").defaulting(to: "both"),
                    "Which forms to answer.")
            ],
            answers: "DeploymentConfigResponseV1"),
        .management(
            .get, "/v1/models/{model_id}/deployments/{deployment_id}/download", "downloadDeployment",
            "Answers where the pushed archive can be fetched.",
            answers: "DownloadDeploymentResponseV1"),
        .management(
            .post, "/v1/models/{model_id}/deployments/development/activate", "activateDevelopmentDeployment",
            "Starts the development deployment.",
            answers: "ActivateResponseV1"),
        .management(
            .post, "/v1/models/{model_id}/deployments/production/activate", "activateProductionDeployment",
            "Starts the deployment production serves.",
            answers: "ActivateResponseV1"),
        .management(
            .post, "/v1/models/{model_id}/deployments/{deployment_id}/activate", "activateDeployment",
            "Starts a deployment.",
            answers: "ActivateResponseV1"),
        .management(
            .post, "/v1/models/{model_id}/deployments/development/deactivate",
            "deactivateDevelopmentDeployment",
            "Stops the development deployment.",
            answers: "DeactivateResponseV1"),
        .management(
            .post, "/v1/models/{model_id}/deployments/production/deactivate",
            "deactivateProductionDeployment",
            "Stops the deployment production serves.",
            answers: "DeactivateResponseV1"),
        .management(
            .post, "/v1/models/{model_id}/deployments/{deployment_id}/deactivate", "deactivateDeployment",
            "Stops a deployment.",
            answers: "DeactivateResponseV1"),
        .management(
            .post, "/v1/models/{model_id}/deployments/development/retry", "retryDevelopmentDeployment",
            "Tries again to bring up the development deployment.",
            answers: "RetryDeploymentResponseV1"),
        .management(
            .post, "/v1/models/{model_id}/deployments/production/retry", "retryProductionDeployment",
            "Tries again to bring up the deployment production serves.",
            answers: "RetryDeploymentResponseV1"),
        .management(
            .post, "/v1/models/{model_id}/deployments/{deployment_id}/retry", "retryDeployment",
            "Tries again to bring up a deployment.",
            answers: "RetryDeploymentResponseV1"),
        .management(
            .patch, "/v1/models/{model_id}/deployments/development/autoscaling_settings",
            "updateDevelopmentAutoscalingSettings",
            "Changes how replicas of the development deployment follow the load.",
            takes: "UpdateAutoscalingSettingsV1", answers: "UpdateAutoscalingSettingsResponseV1"),
        .management(
            .patch, "/v1/models/{model_id}/deployments/production/autoscaling_settings",
            "updateProductionAutoscalingSettings",
            "Changes how replicas of the deployment that serves production follow the load.",
            takes: "UpdateAutoscalingSettingsV1", answers: "UpdateAutoscalingSettingsResponseV1"),
        .management(
            .patch, "/v1/models/{model_id}/deployments/{deployment_id}/autoscaling_settings",
            "updateDeploymentAutoscalingSettings", "Changes how replicas of a deployment follow the load.",
            takes: "UpdateAutoscalingSettingsV1", answers: "UpdateAutoscalingSettingsResponseV1"),
        .management(
            .patch, "/v1/models/{model_id}/deployments/{deployment_id}/request_backpressure_settings",
            "updateDeploymentRequestBackpressureSettings",
            "Changes what becomes of requests when all replicas are busy.",
            takes: "UpdateRequestBackpressureSettingsV1", answers: "RequestBackpressureSettingsV1"),
        .management(
            .get, "/v1/models/{model_id}/deployments/{deployment_id}/scaling_decisions",
            "listScalingDecisions",
            "Lists why the number of replicas changed, newest first (an extension of Slipway).",
            answers: "ScalingDecisionsV1"),
    ]
}
