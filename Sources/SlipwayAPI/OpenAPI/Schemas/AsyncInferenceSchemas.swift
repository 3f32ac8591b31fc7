// OpenAPI schemas of Documents/AsyncInference.swift; OpenAPIDocument collects them.

extension Schema {
    static let asyncInference: [String: Schema] = [
        "InferenceRetryConfig": .object(
            "How often and how fast a failed prediction is tried again.",
            .optional("max_attempts", .integer(1...10).defaulting(to: .integer(3)), "Attempts in all."),
            .optional(
                "initial_delay_ms", .integer(0...10_000).defaulting(to: .integer(1000)),
                "Pause before the second attempt; it doubles each time."),
            .optional(
                "max_delay_ms", .integer(0...60_000).defaulting(to: .integer(5000)), "The longest pause.")),
        "AsyncPredictRequest": .object(
            "A prediction to be made later.",
            .required("model_input", .freeObject, "The model's input, passed on as it is."),
            .optional(
                "webhook_endpoint", .string.nullable,
                "Where the result is delivered: https, or http on this machine."),
            .optional("priority", .integer(0...2).defaulting(to: .integer(0)), "Lower ones come first."),
            .optional(
                "max_time_in_queue_seconds", .integer(10...259_200).defaulting(to: .integer(600)),
                "After this time in the queue it expires."),
            .optional("inference_retry_config", .ref("InferenceRetryConfig"), "Retries.")),
        "AsyncPredictResponse": .object(
            "Answer to a submission.",
            .required("request_id", .string, "Names the request from now on.")),
        "AsyncRequestError": .object(
            "One failure of an asynchronous request.",
            .required("code", .string, "The kind of failure."),
            .required("message", .string, "What went wrong.")),
        "AsyncRequestStatusResponse": .object(
            "How far an asynchronous request is.",
            .required("request_id", .string, "The request."),
            .required("model_id", .string, "The model it is for."),
            .required("deployment_id", .string, "The deployment it is for."),
            .required("status", .string, "How far it is."),
            .required("webhook_status", .string, "How far its delivery is."),
            .required("created_at", .dateTime, "When it was submitted."),
            .required("status_at", .dateTime, "When it got its present status."),
            .required("errors", .array(.ref("AsyncRequestError")), "What went wrong so far.")),
        "CancelAsyncRequestResponse": .object(
            "Answer to a cancellation.",
            .required("request_id", .string, "The request."),
            .required("canceled", .boolean, "Whether it was still queued and will not be made."),
            .required("message", .string, "The same in words.")),
        "AsyncQueueStatusResponse": .object(
            "How long a deployment's queue is.",
            .required("model_id", .string, "The model."),
            .required("deployment_id", .string, "The deployment."),
            .required("num_queued_requests", .integer, "Requests that wait."),
            .required("num_in_progress_requests", .integer, "Requests under way.")),
        "CreatedWebhookSecretV1": .object(
            "A new secret that signs deliveries.",
            .required("id", .string, "Names the secret in lists."),
            .required("secret", .string, "Its text, shown this once.")),
        "WebhookSecretV1": .object(
            "A secret that signs deliveries, without its text.",
            .required("id", .string, "Names the secret."),
            .required("created_at", .dateTime, "When it was made."),
            .required(
                "ends_at", .dateTime.nullable,
                "Until when it signs beside a newer one; null for the newest.")),
        "WebhookSecretsV1": .object(
            "The secrets that sign deliveries now.",
            .required("secrets", .array(.ref("WebhookSecretV1")), "Newest first.")),
    ]
}
