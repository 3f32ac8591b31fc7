// Error documents of both planes: the server answers with them, the command-line client reads them.

/// An error of the management API.
public struct ErrorV1: Codable, Sendable, Equatable {
    /// Constant name of the kind of error, such as `VALIDATION_ERROR`.
    public var code: String
    /// What went wrong, for people.
    public var message: String
    /// The same as `message`; some clients look here.
    public var error: String

    public init(code: String, message: String) {
        self.code = code
        self.message = message
        error = message
    }
}

/// The refusal of a call that came too fast, in the documented form of its own (behaviour.md section 8.1), with the
/// members every error has.
public struct RateLimitedV1: Codable, Sendable, Equatable {
    public var code = "RATE_LIMITED"
    public var message = "Rate limit exceeded. Please try again later."
    public var error = "Rate limit exceeded. Please try again later."
    /// Seconds until the next call may be made.
    public var retryAfter: Int

    public init(retryAfter: Int) { self.retryAfter = retryAfter }

    enum CodingKeys: String, CodingKey {
        case code, message, error
        case retryAfter = "retry_after"
    }
}

/// An error of the inference plane that the platform, not the model, answers.
public struct InferenceErrorV1: Codable, Sendable, Equatable {
    /// What went wrong, for people.
    public var error: String
    /// The kind of error.
    public var errorCode: InferenceErrorCode
    /// More about it, if there is more.
    public var detail: String?

    public init(error: String, errorCode: InferenceErrorCode, detail: String? = nil) {
        self.error = error
        self.errorCode = errorCode
        self.detail = detail
    }

    enum CodingKeys: String, CodingKey {
        case error, detail
        case errorCode = "error_code"
    }
}

/// Kinds of platform error on the inference plane.
public enum InferenceErrorCode: String, Codable, Sendable, CaseIterable {
    case timeout
    case clientError = "client_error"
    case modelUnavailable = "model_unavailable"
    case modelNotReady = "model_not_ready"
    case modelDoesNotExist = "model_does_not_exist"
    case rateLimited = "rate_limited"
    case payloadTooLarge = "payload_too_large"
    case unauthorized
    case applicationError = "application_error"
    case internalBasetenError = "internal_baseten_error"
}
