// A question to the log of a deployment, with the filters of the management API.

import SlipwayCore

public struct LogQuery: Sendable {
    public enum Direction: String, Sendable { case asc, desc }

    /// Nanoseconds since 1970, inclusive.
    public var start: Int64
    /// Nanoseconds since 1970, exclusive.
    public var end: Int64
    public var direction: Direction
    /// 1–1000.
    public var limit: Int
    /// Entries without a level count as INFO.
    public var minLevel: LogLevel?
    public var replica: ReplicaID?
    public var requestID: String?
    /// Regular expression in RE2's syntax, found anywhere in the message.
    public var searchPattern: String?
    /// Every one must occur in the message.
    public var includes: [String]
    /// None may occur in the message.
    public var excludes: [String]

    public init(
        start: Int64, end: Int64, direction: Direction = .desc, limit: Int = 500, minLevel: LogLevel? = nil,
        replica: ReplicaID? = nil, requestID: String? = nil, searchPattern: String? = nil,
        includes: [String] = [], excludes: [String] = []
    ) {
        self.start = start
        self.end = end
        self.direction = direction
        self.limit = limit
        self.minLevel = minLevel
        self.replica = replica
        self.requestID = requestID
        self.searchPattern = searchPattern
        self.includes = includes
        self.excludes = excludes
    }
}
