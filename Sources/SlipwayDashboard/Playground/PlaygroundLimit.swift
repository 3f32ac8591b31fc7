// So many predictions at once for each session: a model may take minutes for one, and a page that was closed does not end it.

import Synchronization

final class PlaygroundLimit: Sendable {
    static let perSession = 4
    private let running = Mutex<[String: Int]>([:])

    /// - Returns: false when the session has enough of them; else `give` follows.
    func take(_ session: String) -> Bool {
        running.withLock { running in
            guard running[session, default: 0] < Self.perSession else { return false }
            running[session, default: 0] += 1
            return true
        }
    }

    func give(_ session: String) {
        running.withLock { running in
            let left = (running[session] ?? 0) - 1
            running[session] = left > 0 ? left : nil
        }
    }
}
