// Every error answer of the management plane: status, code, message. `ErrorAnswers` writes them.

import Hummingbird
import SlipwayControl

/// An answer other than success, in the words the client reads.
struct Refusal: Error, Equatable {
    var status: HTTPResponse.Status
    /// Stable word for programs, as in `{"code": …}`.
    var code: String
    var message: String
    /// Methods for the `Allow` header of a 405.
    var allow: [String] = []

    static func notFound(_ message: String) -> Refusal {
        Refusal(status: .notFound, code: "NOT_FOUND", message: message)
    }

    static func validation(_ message: String) -> Refusal {
        Refusal(status: .badRequest, code: "VALIDATION_ERROR", message: message)
    }

    static func methodNotAllowed(_ method: String, allow: [String]) -> Refusal {
        Refusal(
            status: .methodNotAllowed, code: "METHOD_NOT_ALLOWED",
            message: "\(method) is not possible here, only \(allow.joined(separator: ", ")).", allow: allow)
    }

    static func notImplemented(_ what: String) -> Refusal {
        Refusal(
            status: .notImplemented, code: "NOT_IMPLEMENTED",
            message: "\(what) is not built in this version of Slipway.")
    }

    static let payloadTooLarge = Refusal(
        status: .contentTooLarge, code: "PAYLOAD_TOO_LARGE",
        message: "The body is larger than \(RequestLimits.jsonBodyBytes) bytes.")

    /// For errors that are no client's business; `requestID` finds the log line.
    static func `internal`(requestID: String) -> Refusal {
        Refusal(
            status: .internalServerError, code: "INTERNAL_ERROR",
            message: "Slipway failed on this request. Its log names the reason under request id \(requestID)."
        )
    }

    init(status: HTTPResponse.Status, code: String, message: String, allow: [String] = []) {
        self.status = status
        self.code = code
        self.message = message
        self.allow = allow
    }

    /// What a command or query of the control plane refused.
    init(_ error: ControlError) {
        switch error {
        case .unauthorized:
            self.init(status: .unauthorized, code: "UNAUTHORIZED", message: error.message)
        case .forbidden:
            self.init(status: .forbidden, code: "FORBIDDEN", message: error.message)
        case .notFound:
            self.init(status: .notFound, code: "NOT_FOUND", message: error.message)
        case .validation:
            self.init(status: .badRequest, code: "VALIDATION_ERROR", message: error.message)
        case .conflict:
            self.init(status: .conflict, code: "CONFLICT", message: error.message)
        case .unavailable:
            self.init(status: .serviceUnavailable, code: "UNAVAILABLE", message: error.message)
        }
    }
}
