// The one table of errors the gateway itself answers with: status, code of the contract, message.

import FoundationEssentials
import SlipwayCore

enum PlatformErrors {
    static let unauthorized = PlatformError(
        status: 401, code: "unauthorized", message: "please check the api-key you provided")
    static func forbidden(_ model: ModelID) -> PlatformError {
        PlatformError(status: 403, code: "unauthorized", message: "this api-key may not call model \(model)")
    }

    static func unknownModel(_ id: ModelID) -> PlatformError {
        missing("There is no model \(id).")
    }
    static func unknownEnvironment(_ name: String, _ model: ModelID) -> PlatformError {
        missing("Model \(model) has no environment \(name).")
    }
    static func emptyEnvironment(_ name: String, _ model: ModelID) -> PlatformError {
        missing("Environment \(name) of model \(model) has no deployment.")
    }
    static func unknownDeployment(_ id: DeploymentID, _ model: ModelID) -> PlatformError {
        missing("Model \(model) has no deployment \(id).")
    }
    static func noDevelopment(_ model: ModelID) -> PlatformError {
        missing("Model \(model) has no development deployment.")
    }
    /// Known by name, but the table has no route for it.
    static func unserved(_ id: DeploymentID) -> PlatformError {
        missing("Deployment \(id) is not served.")
    }
    private static func missing(_ message: String) -> PlatformError {
        PlatformError(status: 404, code: "model_does_not_exist", message: message)
    }

    static let unknownPath = client(404, "There is no such inference route.")
    static let notAModelHost = client(404, "This listener serves models only.")
    static let pathRoutingOnRegionalHost = client(
        400, "The host already names the environment; the path must be the operation alone.")
    static func methodNotAllowed(_ allowed: String) -> PlatformError {
        client(405, "This route takes \(allowed) only.")
    }
    static func notBuilt(_ operation: String) -> PlatformError {
        client(501, "\(operation) is not built yet in this version of Slipway.")
    }
    static let wakeTakesNothing = client(400, "wake takes neither query parameters nor a body.")
    static func badRequest(_ message: String) -> PlatformError { client(400, message) }
    private static func client(_ status: Int, _ message: String) -> PlatformError {
        PlatformError(status: status, code: "client_error", message: message)
    }

    static func bodyTooLarge(limit: Int) -> PlatformError {
        PlatformError(
            status: 413, code: "payload_too_large", message: "The request body exceeds \(limit) bytes.")
    }
    static let tooManyParked = PlatformError(
        status: 429, code: "rate_limited", message: "Too many requests already wait for this deployment.")
    static let parkedTooLong = PlatformError(
        status: 500, code: "model_not_ready", message: "No replica became ready in time.")
    static let full = PlatformError(
        status: 529, code: "rate_limited",
        message: "Every replica is busy, and this deployment does not queue.")
    static let noReplicaForUpgrade = PlatformError(
        status: 504, code: "timeout", message: "No replica became ready in time.")
    static let upgradeNotAccepted = PlatformError(
        status: 408, code: "timeout", message: "No replica accepted the connection in time.")
    static let outOfConnections = PlatformError(
        status: 503, code: "internal_baseten_error", message: "The gateway has no connections left.")
    static let headTimeout = PlatformError(
        status: 408, code: "client_error", message: "The request did not come in time.")
    static let headTooLarge = PlatformError(
        status: 431, code: "client_error", message: "The header fields are too large.")
    static let notAnUpgrade = PlatformError(
        status: 426, code: "client_error", message: "This route takes WebSocket connections only.")
    static let replicaLost = PlatformError(
        status: 502, code: "model_unavailable", message: "Error making prediction")
    static func answerHeadTooLarge(limit: Int) -> PlatformError {
        PlatformError(
            status: 502, code: "model_unavailable",
            message: "The header fields of the model's answer are larger than \(limit) bytes.")
    }
    static let predictTimeout = PlatformError(
        status: 504, code: "timeout", message: "The prediction took too long.")

    /// `{"error", "error_code", "detail"}`; the detail names the request, so that a report can be traced.
    static func body(_ error: PlatformError, requestID: RequestID) -> String {
        struct Document: Encodable {
            var error: String
            var errorCode: String
            var detail: String

            enum CodingKeys: String, CodingKey {
                case error, detail
                case errorCode = "error_code"
            }
        }
        return json(
            Document(error: error.message, errorCode: error.code, detail: "Request \(requestID.text)."))
    }

    /// The management API's form, for the time its server does not answer.
    static func managementUnreachableBody() -> String {
        let message = "The management server does not answer."
        return json(["code": "INTERNAL_ERROR", "message": message, "error": message])
    }

    private static func json(_ document: some Encodable) -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        // Encoding plain strings cannot fail; an empty object would still be an answer with its status.
        guard let data = try? encoder.encode(document) else { return "{}" }
        return String(decoding: data, as: UTF8.self)
    }
}
