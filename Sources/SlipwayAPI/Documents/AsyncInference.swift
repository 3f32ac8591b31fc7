// Documents of asynchronous predictions, on the hosts of models.

import Foundation

/// A prediction to be made later.
public struct AsyncPredictRequest: Sendable, Equatable {
    /// The model's input as the client wrote it.
    public var modelInput: [UInt8]
    /// Where the result is delivered.
    public var webhookEndpoint: String?
    /// 0–2, lower first.
    public var priority: Int?
    /// Seconds.
    public var maxTimeInQueueSeconds: Int?
    /// Attempts in all.
    public var maxAttempts: Int?
    /// Milliseconds.
    public var initialDelayMS: Int?
    /// Milliseconds.
    public var maxDelayMS: Int?

    /// - Throws: `BadRequest` naming the member.
    public init(decoding body: [UInt8]) throws(BadRequest) {
        let envelope = JSONEnvelope(body, member: "model_input")
        let rest = try RequestDecoder.decode(AsyncPredictSettings.self, from: envelope.rest)
        guard let input = envelope.value else { throw BadRequest("model_input: missing, expected an object") }
        guard let value = try? JSONSerialization.jsonObject(with: Data(input), options: .fragmentsAllowed)
        else { throw BadRequest("model_input: malformed JSON") }
        guard value is [String: Any] else { throw BadRequest("model_input: expected an object") }
        modelInput = input
        webhookEndpoint = rest.webhookEndpoint
        priority = rest.priority
        maxTimeInQueueSeconds = rest.maxTimeInQueueSeconds
        maxAttempts = rest.retry?.maxAttempts
        initialDelayMS = rest.retry?.initialDelayMS
        maxDelayMS = rest.retry?.maxDelayMS
    }
}

/// The members of a submission beside the model's input.
struct AsyncPredictSettings: WireRequest {
    var webhookEndpoint: String?
    var priority: Int?
    var maxTimeInQueueSeconds: Int?
    var retry: Retry?

    struct Retry: WireRequest {
        var maxAttempts: Int?
        var initialDelayMS: Int?
        var maxDelayMS: Int?

        init(reading members: MemberReader) throws(BadRequest) {
            maxAttempts = try members.optionalInteger("max_attempts", in: 1...10)
            initialDelayMS = try members.optionalInteger("initial_delay_ms", in: 0...10_000)
            maxDelayMS = try members.optionalInteger("max_delay_ms", in: 0...60_000)
        }
    }

    init(reading members: MemberReader) throws(BadRequest) {
        // Set aside before this is read.
        _ = members.whole(of: ["model_input"])
        webhookEndpoint = try members.optionalString("webhook_endpoint")
        priority = try members.optionalInteger("priority", in: 0...2)
        maxTimeInQueueSeconds = try members.optionalInteger("max_time_in_queue_seconds", in: 10...259_200)
        retry = try members.optionalRequest("inference_retry_config", as: Retry.self)
    }
}

/// Answer to a submission.
public struct AsyncPredictResponse: Codable, Sendable, Equatable {
    /// Names the request from now on.
    public var requestID: String

    public init(requestID: String) { self.requestID = requestID }

    enum CodingKeys: String, CodingKey { case requestID = "request_id" }
}

/// One failure of an asynchronous request.
public struct AsyncRequestError: Codable, Sendable, Equatable {
    /// The kind of failure.
    public var code: String
    /// What went wrong.
    public var message: String

    public init(code: String, message: String) {
        self.code = code
        self.message = message
    }
}

/// How far an asynchronous request is.
public struct AsyncRequestStatusResponse: Codable, Sendable, Equatable {
    /// The request.
    public var requestID: String
    /// The model it is for.
    public var modelID: String
    /// The deployment it is for.
    public var deploymentID: String
    /// How far it is.
    public var status: String
    /// How far its delivery is.
    public var webhookStatus: String
    /// When it was submitted.
    public var createdAt: WireDate
    /// When it got its present status.
    public var statusAt: WireDate
    /// What went wrong so far.
    public var errors: [AsyncRequestError]

    public init(
        requestID: String, modelID: String, deploymentID: String, status: String, webhookStatus: String,
        createdAt: WireDate, statusAt: WireDate, errors: [AsyncRequestError]
    ) {
        self.requestID = requestID
        self.modelID = modelID
        self.deploymentID = deploymentID
        self.status = status
        self.webhookStatus = webhookStatus
        self.createdAt = createdAt
        self.statusAt = statusAt
        self.errors = errors
    }

    enum CodingKeys: String, CodingKey {
        case requestID = "request_id"
        case modelID = "model_id"
        case deploymentID = "deployment_id"
        case status
        case webhookStatus = "webhook_status"
        case createdAt = "created_at"
        case statusAt = "status_at"
        case errors
    }
}

/// Answer to a cancellation.
public struct CancelAsyncRequestResponse: Codable, Sendable, Equatable {
    /// The request.
    public var requestID: String
    /// Whether it was still queued and will not be made.
    public var canceled: Bool
    /// The same in words.
    public var message: String

    public init(requestID: String, canceled: Bool, message: String) {
        self.requestID = requestID
        self.canceled = canceled
        self.message = message
    }

    enum CodingKeys: String, CodingKey {
        case requestID = "request_id"
        case canceled, message
    }
}

/// How long a deployment's queue is.
public struct AsyncQueueStatusResponse: Codable, Sendable, Equatable {
    /// The model.
    public var modelID: String
    /// The deployment.
    public var deploymentID: String
    /// Requests that wait.
    public var numQueuedRequests: Int
    /// Requests under way.
    public var numInProgressRequests: Int

    public init(modelID: String, deploymentID: String, numQueuedRequests: Int, numInProgressRequests: Int) {
        self.modelID = modelID
        self.deploymentID = deploymentID
        self.numQueuedRequests = numQueuedRequests
        self.numInProgressRequests = numInProgressRequests
    }

    enum CodingKeys: String, CodingKey {
        case modelID = "model_id"
        case deploymentID = "deployment_id"
        case numQueuedRequests = "num_queued_requests"
        case numInProgressRequests = "num_in_progress_requests"
    }
}

/// A new secret that signs deliveries (an extension of Slipway).
public struct CreatedWebhookSecretV1: Codable, Sendable, Equatable {
    /// Names the secret in lists.
    public var id: String
    /// Its text, shown this once.
    public var secret: String

    public init(id: String, secret: String) {
        self.id = id
        self.secret = secret
    }
}

/// A secret that signs deliveries, without its text (an extension of Slipway).
public struct WebhookSecretV1: Codable, Sendable, Equatable {
    /// Names the secret.
    public var id: String
    /// When it was made.
    public var createdAt: WireDate
    /// Until when it signs beside a newer one; null for the newest.
    @Nullable public var endsAt: WireDate?

    public init(id: String, createdAt: WireDate, endsAt: WireDate?) {
        self.id = id
        self.createdAt = createdAt
        self.endsAt = endsAt
    }

    enum CodingKeys: String, CodingKey {
        case id
        case createdAt = "created_at"
        case endsAt = "ends_at"
    }
}

/// The secrets that sign deliveries now (an extension of Slipway).
public struct WebhookSecretsV1: Codable, Sendable, Equatable {
    /// Newest first.
    public var secrets: [WebhookSecretV1]

    public init(secrets: [WebhookSecretV1]) { self.secrets = secrets }

    enum CodingKeys: String, CodingKey { case secrets }
}
