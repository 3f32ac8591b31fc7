// OpenAPI operations of asynchronous predictions; OpenAPIDocument collects them.

extension APIOperation {
    static let asyncInference: [APIOperation] =
        [
            ("/production", "Production"), ("/development", "Development"), ("/environments/{env_name}", ""),
            ("/deployment/{deployment_id}", "Deployment"), ("", "Regional"),
        ].flatMap { prefix, suffix -> [APIOperation] in
            [
                .inference(
                    .post, "\(prefix)/async_predict", "asyncPredict\(suffix)",
                    "Queues a prediction; the answer comes before it is made.",
                    body: .json("AsyncPredictRequest"), status: 201, answer: .json("AsyncPredictResponse")),
                .inference(
                    .get, "\(prefix)/async_queue_status", "asyncQueueStatus\(suffix)",
                    "Reads how many predictions wait and are under way.", body: .none,
                    answer: .json("AsyncQueueStatusResponse")),
            ]
        } + [
            .inference(
                .get, "/async_request/{request_id}", "getAsyncRequest", "Reads how far a prediction is.",
                body: .none, answer: .json("AsyncRequestStatusResponse")),
            .inference(
                .delete, "/async_request/{request_id}", "cancelAsyncRequest",
                "Cancels a prediction that is still queued.", body: .none,
                answer: .json("CancelAsyncRequestResponse")),
            .inference(
                .get, "/async_request/{request_id}/output", "getAsyncRequestOutput",
                "Reads the answer of the model while it is kept (an extension of Slipway).", body: .none,
                answer: .model),
            .management(
                .get, "/v1/webhook_secrets", "listWebhookSecrets",
                "Lists the secrets that sign deliveries (an extension of Slipway).",
                answers: "WebhookSecretsV1"),
            .management(
                .post, "/v1/webhook_secrets", "createWebhookSecret",
                "Makes the secret that signs deliveries from now on; the ones before sign beside it for a day (an extension of Slipway).",
                answers: "CreatedWebhookSecretV1"),
        ]
}
