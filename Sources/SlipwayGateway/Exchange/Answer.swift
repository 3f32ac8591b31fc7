// A whole answer made by the gateway itself.

import SlipwayCore
import SlipwaySockets

struct Answer: Sendable {
    var status: Int
    var requestID: RequestID?
    /// Methods that are allowed, for 405.
    var allow: String?
    /// JSON; empty for none.
    var body: String

    /// A platform error in the inference form.
    static func error(_ error: PlatformError, requestID: RequestID, allow: String? = nil) -> Answer {
        Answer(
            status: error.status, requestID: requestID, allow: allow,
            body: PlatformErrors.body(error, requestID: requestID))
    }

    /// The answer to a wake call: nothing to read.
    static func accepted(requestID: RequestID) -> Answer {
        Answer(status: 202, requestID: requestID, body: "")
    }

    static var managementUnreachable: Answer {
        Answer(status: 502, body: PlatformErrors.managementUnreachableBody())
    }

    /// The fields of its head, but for those that frame it.
    func writeFields(_ out: inout ByteQueue) {
        if !body.isEmpty { out.append("Content-Type: application/json\r\n") }
        if let requestID { out.append(requestID) }
        if let allow {
            out.append("Allow: ")
            out.append(allow)
            out.append("\r\n")
        }
    }
}
