// A whole answer made by the gateway itself.

import NIOHTTP1
import SlipwayCore

struct Answer: Sendable {
    var status: HTTPResponseStatus
    var headers: HTTPHeaders
    var body: String

    /// A platform error in the inference form.
    static func error(_ error: PlatformError, requestID: RequestID, allow: String? = nil) -> Answer {
        var headers: HTTPHeaders = ["Content-Type": "application/json"]
        headers.add(name: "X-Baseten-Request-Id", value: requestID.text)
        if let allow { headers.add(name: "Allow", value: allow) }
        return Answer(
            status: HTTPResponseStatus(statusCode: error.status), headers: headers,
            body: PlatformErrors.body(error, requestID: requestID))
    }

    /// The answer to a wake call: nothing to read.
    static func accepted(requestID: RequestID) -> Answer {
        Answer(status: .accepted, headers: ["X-Baseten-Request-Id": requestID.text], body: "")
    }

    static var managementUnreachable: Answer {
        Answer(
            status: .badGateway, headers: ["Content-Type": "application/json"],
            body: PlatformErrors.managementUnreachableBody())
    }
}
