// An asynchronous prediction from its submission to its end, as pure transitions (behaviour.md section 7).

/// Raw values are the wire names.
public enum AsyncStatus: String, Sendable, Codable, CaseIterable {
    case queued = "QUEUED"
    case inProgress = "IN_PROGRESS"
    case succeeded = "SUCCEEDED"
    case failed = "FAILED"
    case expired = "EXPIRED"
    case canceled = "CANCELED"
    /// The prediction was made; its delivery failed.
    case webhookFailed = "WEBHOOK_FAILED"

    public var isEnd: Bool { self != .queued && self != .inProgress }
}

/// Raw values are the wire names.
public enum WebhookStatus: String, Sendable, Codable, CaseIterable {
    case pending = "PENDING"
    case succeeded = "SUCCEEDED"
    case failed = "FAILED"
    case canceled = "CANCELED"
    case none = "NO_WEBHOOK_PROVIDED"
}

/// Kinds of failure; raw values are the wire names.
public enum AsyncErrorCode: String, Sendable, Codable {
    case notReady = "MODEL_NOT_READY"
    case doesNotExist = "MODEL_DOES_NOT_EXIST"
    case invalidInput = "MODEL_INVALID_INPUT"
    case predictError = "MODEL_PREDICT_ERROR"
    case unavailable = "MODEL_UNAVAILABLE"
    case timeout = "MODEL_PREDICT_TIMEOUT"
    case `internal` = "INTERNAL_SERVER_ERROR"
}

public struct AsyncError: Sendable, Codable, Equatable {
    public var code: AsyncErrorCode
    public var message: String

    public init(code: AsyncErrorCode, message: String) {
        self.code = code
        self.message = message
    }
}

/// How often and how fast a failed prediction is tried again.
public struct AsyncRetryPolicy: Sendable, Codable, Equatable {
    /// Attempts in all: 1–10.
    public var maxAttempts: Int
    /// Milliseconds before the second attempt: 0–10000. Doubles each time.
    public var initialDelay: Int
    /// Milliseconds, the longest pause: 0–60000.
    public var maxDelay: Int

    public init(maxAttempts: Int = 3, initialDelay: Int = 1000, maxDelay: Int = 5000) {
        self.maxAttempts = maxAttempts
        self.initialDelay = initialDelay
        self.maxDelay = maxDelay
    }

    /// The pause after this many attempts.
    public func pause(after attempts: Int) -> Duration {
        let doublings = max(0, min(attempts - 1, 20))
        return .milliseconds(min(initialDelay << doublings, maxDelay))
    }
}

/// How one attempt ended.
public enum AsyncOutcome: Sendable, Equatable {
    case answered
    /// Every slot was taken: not an attempt.
    case busy
    case failed(AsyncError, canRetry: Bool)

    /// What the status of a replica's answer means.
    /// - Parameter message: the answer's own words.
    public init(status: Int, message: String) {
        func failure(_ code: AsyncErrorCode, _ canRetry: Bool) -> AsyncOutcome {
            .failed(AsyncError(code: code, message: message), canRetry: canRetry)
        }
        self =
            switch status {
            case 200..<300: .answered
            case 429: .busy
            case 400: failure(.notReady, true)
            case 404: failure(.doesNotExist, false)
            case 500: failure(.predictError, true)
            case 502, 503: failure(.unavailable, true)
            case 504: failure(.timeout, true)
            case 400..<500: failure(.invalidInput, false)
            default: failure(.internal, true)
            }
    }
}

public struct AsyncRequest: Sendable, Equatable {
    /// Deliveries tried in all.
    public static let webhookAttempts = 2
    /// Between the two deliveries.
    public static let webhookPause: Duration = .seconds(2)
    /// Before a request that found no free slot is tried again.
    public static let busyPause: Duration = .milliseconds(500)

    public var id: String
    public var modelID: ModelID
    /// The deployment that accepted it, or took it over.
    public var deploymentID: DeploymentID
    /// The environment it came through; nil for a call by deployment.
    public var environment: String?
    /// 0–2, lower first.
    public var priority: Int
    public var createdAt: Timestamp
    public var expiresAt: Timestamp
    public var retry: AsyncRetryPolicy
    public var webhook: String?
    public var status: AsyncStatus
    public var webhookStatus: WebhookStatus
    public var statusAt: Timestamp
    /// Attempts at the prediction so far.
    public var attempts: Int
    public var webhookTries: Int
    /// When the next attempt or delivery is due; nil when none is.
    public var dueAt: Timestamp?
    public var errors: [AsyncError]

    public init(
        id: String, modelID: ModelID, deploymentID: DeploymentID, environment: String?, priority: Int,
        createdAt: Timestamp, maxTimeInQueue: Int, retry: AsyncRetryPolicy, webhook: String?
    ) {
        self.id = id
        self.modelID = modelID
        self.deploymentID = deploymentID
        self.environment = environment
        self.priority = priority
        self.createdAt = createdAt
        expiresAt = createdAt + .seconds(maxTimeInQueue)
        self.retry = retry
        self.webhook = webhook
        status = .queued
        webhookStatus = webhook == nil ? .none : .pending
        statusAt = createdAt
        attempts = 0
        webhookTries = 0
        dueAt = createdAt
        errors = []
    }

    // MARK: Transitions

    /// An attempt begins. Until it ends nothing is due.
    public mutating func begin(at now: Timestamp) {
        attempts += 1
        dueAt = nil
        set(.inProgress, at: now)
    }

    /// The attempt ended.
    public mutating func end(_ outcome: AsyncOutcome, at now: Timestamp) {
        switch outcome {
        case .answered: finish(.succeeded, at: now)
        case .busy:
            attempts -= 1
            dueAt = now + Self.busyPause
            if attempts == 0 { set(.queued, at: now) }
        case .failed(let error, let canRetry):
            errors.append(error)
            guard canRetry, attempts < retry.maxAttempts else { return finish(.failed, at: now) }
            dueAt = now + retry.pause(after: attempts)
        }
    }

    /// An attempt was under way when the server ended: nobody knows how it went, so it is made again.
    public mutating func recover(at now: Timestamp) {
        guard status == .inProgress else { return }
        attempts = max(0, attempts - 1)
        dueAt = now
        if attempts == 0 { set(.queued, at: now) }
    }

    public mutating func expire(at now: Timestamp) {
        guard status == .queued, now >= expiresAt else { return }
        finish(.expired, at: now)
    }

    /// - Returns: whether it was still queued.
    public mutating func cancel(at now: Timestamp) -> Bool {
        guard status == .queued else { return false }
        finish(.canceled, at: now)
        return true
    }

    /// Ends without an attempt, for a reason of the platform.
    public mutating func fail(_ error: AsyncError, at now: Timestamp) {
        errors.append(error)
        finish(.failed, at: now)
    }

    /// A delivery of the result ended.
    /// - Parameter problem: why it failed, in words; nil when it did not.
    public mutating func delivered(_ problem: String?, canRetry: Bool, at now: Timestamp) {
        webhookTries += 1
        dueAt = nil
        if problem != nil, canRetry, webhookTries < Self.webhookAttempts {
            dueAt = now + Self.webhookPause
        } else if let problem {
            webhookStatus = .failed
            // The contract has no code for it; the message tells.
            errors.append(
                AsyncError(code: .internal, message: "The webhook was not delivered: \(problem)"))
            if status == .succeeded { set(.webhookFailed, at: now) }
        } else {
            webhookStatus = .succeeded
        }
    }

    /// A delivery could not be tried for a reason of this server, which is no try.
    public mutating func putOffDelivery(at now: Timestamp) { dueAt = now + Self.webhookPause }

    /// Whether a delivery is what is due.
    public var awaitsDelivery: Bool { status.isEnd && webhookStatus == .pending }

    private mutating func finish(_ status: AsyncStatus, at now: Timestamp) {
        set(status, at: now)
        // What was never tried has no result to deliver.
        if status == .canceled || status == .expired, webhookStatus == .pending { webhookStatus = .canceled }
        dueAt = webhookStatus == .pending ? now : nil
    }

    private mutating func set(_ status: AsyncStatus, at now: Timestamp) {
        self.status = status
        statusAt = now
    }
}
