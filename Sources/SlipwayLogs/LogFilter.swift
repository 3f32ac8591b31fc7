// A checked query, applied line by line.

import Foundation
import SlipwayCore

struct LogFilter {
    /// Longest search pattern in characters (behaviour.md section 10).
    static let longestPattern = 256

    let direction: LogQuery.Direction
    let limit: Int
    private let query: LogQuery
    private let pattern: BoundedPattern?

    /// - Throws: `LogQueryError.badPattern`.
    init(_ query: LogQuery) throws(LogQueryError) {
        self.query = query
        direction = query.direction
        limit = query.limit
        guard let text = query.searchPattern else {
            pattern = nil
            return
        }
        guard text.count <= Self.longestPattern else {
            throw .badPattern("longer than \(Self.longestPattern) characters")
        }
        // The contract's RE2 has no back-references or look-around: they are what makes matching slow.
        if text.range(of: #"\\[1-9]|\(\?(<?[=!]|>)"#, options: .regularExpression) != nil {
            throw .badPattern("back-references and look-around are not supported")
        }
        do {
            pattern = BoundedPattern(try NSRegularExpression(pattern: text))
        } catch {
            throw .badPattern("\"\(text)\" is not a valid regular expression")
        }
    }

    /// Whether no entry can match that comes after this one in the asked direction: the times of a log rise.
    func isPast(_ entry: LogEntry) -> Bool {
        direction == .desc ? entry.nanoseconds < query.start : entry.nanoseconds >= query.end
    }

    /// - Throws: `LogQueryError.badPattern` when the pattern has used up its time.
    func matches(_ entry: LogEntry) throws -> Bool {
        guard entry.nanoseconds >= query.start, entry.nanoseconds < query.end else { return false }
        if let level = query.minLevel, (entry.level ?? .info) < level { return false }
        if let replica = query.replica, entry.replica != replica { return false }
        if let request = query.requestID, entry.requestID != request { return false }
        guard query.includes.allSatisfy(entry.message.contains),
            !query.excludes.contains(where: entry.message.contains)
        else { return false }
        return try pattern?.isFound(in: entry.message) ?? true
    }
}

/// A pattern that gets so much time for one line, of which some need more than a lifetime for one, and in all. Used by
/// one query at a time.
private final class BoundedPattern {
    private static let timeOfLine: Duration = .seconds(1)
    private static let time: Duration = .seconds(20)

    private let expression: NSRegularExpression
    private var left = BoundedPattern.time

    init(_ expression: NSRegularExpression) { self.expression = expression }

    func isFound(in text: String) throws(LogQueryError) -> Bool {
        let began = ContinuousClock.now
        let allowed = min(left, Self.timeOfLine)
        var isFound = false
        expression.enumerateMatches(
            in: text, options: .reportProgress, range: NSRange(text.startIndex..., in: text)
        ) { match, _, stop in
            isFound = match != nil
            if isFound || ContinuousClock.now - began > allowed { stop.pointee = true }
        }
        let taken = ContinuousClock.now - began
        left -= taken
        guard isFound || taken <= allowed else { throw .badPattern("takes too long to look for") }
        return isFound
    }
}
