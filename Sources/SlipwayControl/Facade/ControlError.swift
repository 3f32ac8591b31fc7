// What can go wrong in a command, in the words the client will read; the server maps each case to its status.

import SlipwayStore

public enum ControlError: Error, Sendable, Equatable {
    /// 401: no key, or one that does not exist.
    case unauthorized
    /// 403: the key exists but does not carry the right.
    case forbidden(String)
    /// 404
    case notFound(String)
    /// 400: bad values and state conflicts alike (behaviour.md section 8.1).
    case validation(String)
    /// 409: only for patch points.
    case conflict(String)
    /// 503: cannot be done now; nothing was changed.
    case unavailable(String)

    /// What a client reads of an error that was thrown below the control plane; nil for what is no client's business.
    public init?(below error: any Error) {
        guard let failure = error as? StorageFailure else { return nil }
        self = .unavailable(failure.publicMessage)
    }

    public var message: String {
        switch self {
        case .unauthorized: "please check the api-key you provided"
        case .forbidden(let text), .notFound(let text), .validation(let text), .conflict(let text),
            .unavailable(let text):
            text
        }
    }
}

extension ControlError {
    /// For changes that were made from what somebody looked at.
    public static let changedMeanwhile = ControlError.conflict(
        "This was changed since the form was opened. Nothing was overwritten.")
}
