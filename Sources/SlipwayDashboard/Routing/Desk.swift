// What all pages share.

import SlipwayControl
import SlipwayCore
import Synchronization

struct Desk: Sendable {
    let control: ControlPlane
    /// Where clients reach this installation, without a slash at its end.
    let publicURL: String
    /// Where predictions reach the gateway of this process; nil where there is none.
    let inferenceURL: String?
    let cookies: Cookies
    let notices = Notices()
    let attempts: SignInAttempts
    let predictions = PlaygroundLimit()
    private let limit: CallLimit?

    init(
        control: ControlPlane, publicURL: String, port: Int?, inferenceURL: String?, limit: CallLimit? = nil
    ) {
        self.control = control
        self.limit = limit
        self.publicURL = publicURL
        self.inferenceURL = inferenceURL
        cookies = Cookies(port: port)
        attempts = SignInAttempts { control.now }
    }

    /// Counts a page or a button as a call of the operation that it is.
    /// - Throws: `TooManyCalls`.
    func count(_ operation: String, by caller: Caller) throws(TooManyCalls) {
        let parts = operation.split(separator: " ", maxSplits: 1)
        guard let limit, parts.count == 2 else { return }
        if let wait = limit(String(parts[0]), String(parts[1]), caller.keyPrefix) {
            throw TooManyCalls(seconds: wait)
        }
    }
}

/// Counts a call of an operation with a key against the documented limits; seconds to wait where they are reached.
public typealias CallLimit =
    @Sendable (_ method: String, _ endpoint: String, _ keyPrefix: String) -> Int?

/// The calls of a key come faster than the documented limits.
struct TooManyCalls: Error { var seconds: Int }

/// One sentence for the next page of a session, after an action led there.
final class Notices: Sendable {
    private static let maxKept = 1000
    private let waiting = Mutex<[String: String]>([:])

    func leave(_ text: String, for session: String) {
        waiting.withLock { waiting in
            if waiting.count >= Self.maxKept { waiting.removeAll() }
            waiting[session] = text
        }
    }

    func take(for session: String) -> String? { waiting.withLock { $0.removeValue(forKey: session) } }
}

/// Holds sign-in attempts to so many a minute for each address.
final class SignInAttempts: Sendable {
    static let limit = RateLimit(calls: 20, per: .seconds(60))
    private let limiter = Mutex(RateLimiter())
    private let now: @Sendable () -> Timestamp

    init(now: @escaping @Sendable () -> Timestamp) { self.now = now }

    /// - Returns: nil when it may be tried, else seconds to wait.
    func take(address: String) -> Int? {
        let now = now()
        return limiter.withLock { $0.take(address, Self.limit, now: now) }
    }
}
