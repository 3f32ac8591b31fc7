// A checked query, applied line by line.

import SlipwayCore

struct LogFilter: Sendable {
    /// Longest search pattern in characters (behaviour.md section 10).
    static let longestPattern = 256

    let direction: LogQuery.Direction
    let limit: Int
    private let query: LogQuery
    private let pattern: LogPattern?

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
        pattern = try LogPattern(text)
    }

    /// Whether the answer needs a search in every line.
    var isSearch: Bool { pattern != nil }

    /// Whether the entry comes before the window, in whatever direction that is asked for.
    func isBefore(_ entry: LogEntry) -> Bool { entry.nanoseconds < query.start }

    /// Whether no entry can match that comes after this one in the asked direction: the times of a log rise.
    func isPast(_ entry: LogEntry) -> Bool {
        direction == .desc ? entry.nanoseconds < query.start : entry.nanoseconds >= query.end
    }

    func matches(_ entry: LogEntry) -> Bool {
        guard entry.nanoseconds >= query.start, entry.nanoseconds < query.end else { return false }
        if let least = query.minLevel, entry.level.map({ $0 < least }) ?? true { return false }
        if let replica = query.replica, entry.replica != replica { return false }
        if let request = query.requestID, entry.requestID != request { return false }
        guard query.includes.allSatisfy(entry.message.contains),
            !query.excludes.contains(where: entry.message.contains)
        else { return false }
        return pattern?.isFound(in: entry.message) ?? true
    }
}
