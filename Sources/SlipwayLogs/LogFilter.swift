// A checked query, applied line by line.

import Foundation
import SlipwayCore

struct LogFilter {
    /// Longest search pattern in characters (behaviour.md section 10).
    static let longestPattern = 256

    let direction: LogQuery.Direction
    let limit: Int
    private let query: LogQuery
    private let pattern: NSRegularExpression?

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
            pattern = try NSRegularExpression(pattern: text)
        } catch {
            throw .badPattern("\"\(text)\" is not a valid regular expression")
        }
    }

    func matches(_ entry: LogEntry) -> Bool {
        guard entry.nanoseconds >= query.start, entry.nanoseconds < query.end else { return false }
        if let level = query.minLevel, (entry.level ?? .info) < level { return false }
        if let replica = query.replica, entry.replica != replica { return false }
        if let request = query.requestID, entry.requestID != request { return false }
        guard query.includes.allSatisfy(entry.message.contains),
            !query.excludes.contains(where: entry.message.contains)
        else { return false }
        guard let pattern else { return true }
        let range = NSRange(entry.message.startIndex..., in: entry.message)
        return pattern.firstMatch(in: entry.message, range: range) != nil
    }
}
