// Refuses calls that come faster than the documented limits. Off by default where only this machine can call.

import HTTPTypes
import Hummingbird
import SlipwayAPI
import SlipwayCore
import Synchronization

/// The windows of one server, shared by its routers.
final class RateLimits: Sendable {
    private let limiter = Mutex(RateLimiter())
    private let now: @Sendable () -> Timestamp

    init(now: @escaping @Sendable () -> Timestamp) { self.now = now }

    /// - Returns: nil when the call may be made, else seconds to wait.
    func take(_ subject: String, _ limit: RateLimit) -> Int? {
        let now = now()
        return limiter.withLock { $0.take(subject, limit, now: now) }
    }

    /// Counts a call with a key.
    /// - Returns: nil when it may be made, else seconds to wait.
    func take(_ method: String, _ endpoint: String, keyPrefix: String) -> Int? {
        let (limit, isShared) = Self.limit(method, endpoint)
        return take("\(isShared ? "organization" : keyPrefix) \(method) \(endpoint)", limit)
    }

    /// The limit of an endpoint, and whether it holds for the whole organization instead of one key.
    static func limit(_ method: String, _ endpoint: String) -> (limit: RateLimit, isShared: Bool) {
        func ends(_ suffix: String) -> Bool { endpoint.hasSuffix(suffix) }
        switch method {
        case "GET" where endpoint == "/metrics": return (RateLimit(calls: 6, per: .seconds(60)), true)
        case "POST" where ends("/activate") || ends("/deactivate"):
            return (RateLimit(calls: 20, per: .seconds(60)), false)
        case "POST" where ends("/retry"): return (RateLimit(calls: 10, per: .seconds(60)), false)
        case "POST" where ends("/logs"): return (RateLimit(calls: 30, per: .seconds(1)), false)
        case "POST" where ends("/async_predict"):
            return (RateLimit(calls: 12_000, per: .seconds(60)), true)
        default: return (RateLimit(calls: 100, per: .seconds(1)), false)
        }
    }
}

struct RateLimiting: RouterMiddleware {
    typealias Context = ServerContext

    let limits: RateLimits

    func handle(
        _ request: Request, context: ServerContext,
        next: (Request, ServerContext) async throws -> Response
    ) async throws -> Response {
        if let caller = context.caller, let endpoint = context.endpointPath {
            if let wait = limits.take(request.method.rawValue, endpoint, keyPrefix: caller.keyPrefix) {
                var answer = try Answer.json(RateLimitedV1(retryAfter: wait), status: .tooManyRequests)
                answer.headers[.retryAfter] = "\(wait)"
                return answer
            }
        }
        return try await next(request, context)
    }
}
