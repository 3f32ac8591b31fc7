// What travels with a request from the first middleware to its handler.

import Hummingbird
import SlipwayControl

struct ServerContext: RequestContext {
    var coreContext: CoreRequestContextStorage
    /// Set by `Authentication` on every `/v1` and GraphQL route.
    var caller: Caller?
    /// Names the request in the log and in the answer: 32 hex digits.
    let requestID: String

    init(source: ApplicationRequestContextSource) {
        coreContext = CoreRequestContextStorage(source: source)
        caller = nil
        requestID = [UInt64.random(in: .min ... .max), UInt64.random(in: .min ... .max)].map { half in
            let digits = String(half, radix: 16)
            return String(repeating: "0", count: 16 - digits.count) + digits
        }.joined()
        logger[metadataKey: "request_id"] = "\(requestID)"
    }

    /// The caller behind the request's key.
    func authenticated() throws(ControlError) -> Caller {
        guard let caller else { throw .unauthorized }
        return caller
    }

    /// A path parameter of the matched route.
    func parameter(_ name: String) throws -> String {
        let raw = try parameters.require(name)
        return raw.removingPercentEncoding ?? raw
    }
}
