// A question to the log of a deployment, with the filters of the management API.

import SlipwayCore

/// Where an answer ended and the next one goes on. The times of a deployment's lines strictly rise; lines of two
/// deployments at the same time come in the order of their ids.
public struct LogPosition: Sendable, Equatable, Comparable {
    public var nanoseconds: Int64
    public var deployment: DeploymentID

    public init(_ nanoseconds: Int64, _ deployment: DeploymentID) {
        self.nanoseconds = nanoseconds
        self.deployment = deployment
    }

    /// As `text` made it; nil for anything else.
    public init?(_ text: String) {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 2, let time = Int64(parts[0]), (0..<Int64.max).contains(time), !parts[1].isEmpty
        else { return nil }
        self.init(time, DeploymentID(String(parts[1])))
    }

    public var text: String { "\(nanoseconds).\(deployment.text)" }

    public static func < (one: Self, other: Self) -> Bool {
        (one.nanoseconds, one.deployment) < (other.nanoseconds, other.deployment)
    }
}

/// Lines and where the next ones are found.
public struct LogPage: Sendable {
    public var entries: [LogEntry]
    /// Nil when there was no line to go on from.
    public var end: LogPosition?

    public init(entries: [LogEntry], end: LogPosition?) {
        self.entries = entries
        self.end = end
    }
}

public struct LogQuery: Sendable {
    public enum Direction: String, Sendable { case asc, desc }

    /// Nanoseconds since 1970, inclusive.
    public var start: Int64
    /// Nanoseconds since 1970, exclusive.
    public var end: Int64
    public var direction: Direction
    /// 1–1000.
    public var limit: Int
    /// Only what comes after this in the asked direction.
    public var after: LogPosition?
    /// Entries without a level are left out.
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
        includes: [String] = [], excludes: [String] = [], after: LogPosition? = nil
    ) {
        self.start = start
        self.end = end
        self.direction = direction
        self.limit = limit
        self.minLevel = minLevel
        self.replica = replica
        self.requestID = requestID
        self.searchPattern = searchPattern
        // An empty text is in every message: it asks for nothing.
        self.includes = includes.filter { !$0.isEmpty }
        self.excludes = excludes.filter { !$0.isEmpty }
        self.after = after
    }

    /// The window of one deployment's log that is left after the position.
    public func window(of deployment: DeploymentID) -> Range<Int64> {
        guard let after else { return start..<max(start, end) }
        switch direction {
        case .asc:
            let begin = max(start, after.nanoseconds + (deployment > after.deployment ? 0 : 1))
            return begin..<max(begin, end)
        case .desc:
            return start..<max(start, min(end, after.nanoseconds + (deployment < after.deployment ? 1 : 0)))
        }
    }
}
