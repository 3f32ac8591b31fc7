// Times in query parameters: milliseconds since 1970.

import Foundation
import SlipwayControl

extension ControlPlane {
    /// Where a window ends whose request names no end.
    var date: Date { Date(timeIntervalSince1970: Double(now.microseconds) / 1e6) }
}

enum EpochMillis {
    /// Latest time that still fits nanoseconds in 64 bits, in the year 2262.
    private static let latest = Int64.max / 1_000_000

    /// - Throws: `Refusal.validation` naming the parameter.
    static func checked(_ value: Int?, _ name: String) throws -> Int64? {
        guard let value else { return nil }
        guard (0...latest).contains(Int64(value)) else {
            throw Refusal.validation("\(name) must be a time after 1970 in milliseconds, not \(value).")
        }
        return Int64(value)
    }

    static func of(_ date: Date) -> Int64 { Int64(date.timeIntervalSince1970 * 1000) }

    /// Milliseconds a window of logs or metrics spans at most (behaviour.md section 10).
    private static let longestWindow: Int64 = 7 * 24 * 60 * 60 * 1000

    /// The window from `start_epoch_millis` to `end_epoch_millis`.
    /// - Parameter usual: milliseconds before its end when the client names no start.
    /// - Throws: `Refusal.validation` naming the parameter.
    static func window(start: Int?, end: Int?, usual: Int64, now: Date) throws -> Range<Int64> {
        let end = try checked(end, "end_epoch_millis") ?? of(now)
        let start = try checked(start, "start_epoch_millis") ?? max(0, end - usual)
        guard start < end else {
            throw Refusal.validation("start_epoch_millis must lie before end_epoch_millis.")
        }
        guard end - start <= longestWindow else {
            throw Refusal.validation(
                "start_epoch_millis lies more than 7 days before end_epoch_millis.")
        }
        return start..<end
    }
}
