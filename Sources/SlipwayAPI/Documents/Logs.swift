// Documents about logs: the query (as a body or as query parameters) and its answer.

/// Severity of a log line.
public enum LogLevelV1: String, Codable, Sendable, CaseIterable {
    case debug = "DEBUG"
    case info = "INFO"
    case warning = "WARNING"
    case error = "ERROR"
}

/// Order of answers in time.
public enum SortOrderV1: String, Codable, Sendable, CaseIterable {
    case asc
    case desc
}

/// Which log lines to answer.
public struct GetDeploymentLogsRequestV1: WireRequest {
    /// Begin of the window, milliseconds since 1970; 30 minutes before its end if absent.
    public var startEpochMillis: Int?
    /// End of the window, milliseconds since 1970; now if absent. A window spans at most 7 days.
    public var endEpochMillis: Int?
    /// Oldest or newest line first.
    public var direction: SortOrderV1?
    /// Most lines to answer.
    public var limit: Int
    /// Lowest severity; given, lines without a severity are left out.
    public var minLevel: LogLevelV1?
    /// Only lines of this replica.
    public var replica: String?
    /// Only lines that belong to this request.
    public var requestID: String?
    /// Only lines of this component.
    public var component: String?
    /// Regular expression the message must match.
    public var searchPattern: String?
    /// Texts the message must all contain, letter case counting.
    public var includes: [String]
    /// Texts the message must not contain, letter case counting.
    public var excludes: [String]
    /// Where an earlier answer ended (its `next_cursor`): only what comes after that. An extension of ours.
    public var cursor: String?

    public init(
        startEpochMillis: Int? = nil, endEpochMillis: Int? = nil, direction: SortOrderV1? = nil,
        limit: Int = 500, minLevel: LogLevelV1? = nil, replica: String? = nil, requestID: String? = nil,
        component: String? = nil, searchPattern: String? = nil, includes: [String] = [],
        excludes: [String] = [], cursor: String? = nil
    ) {
        self.startEpochMillis = startEpochMillis
        self.endEpochMillis = endEpochMillis
        self.direction = direction
        self.limit = limit
        self.minLevel = minLevel
        self.replica = replica
        self.requestID = requestID
        self.component = component
        self.searchPattern = searchPattern
        self.includes = includes
        self.excludes = excludes
        self.cursor = cursor
    }

    public init(reading members: MemberReader) throws(BadRequest) {
        startEpochMillis = try members.optionalInteger("start_epoch_millis")
        endEpochMillis = try members.optionalInteger("end_epoch_millis")
        direction = try members.optionalChoice("direction", as: SortOrderV1.self)
        limit = try members.optionalInteger("limit", in: 1...1000) ?? 500
        minLevel = try members.optionalChoice("min_level", as: LogLevelV1.self)
        replica = try members.optionalString("replica", length: 0...256)
        requestID = try members.optionalString("request_id", length: 0...256)
        component = try members.optionalString("component", length: 0...256)
        searchPattern = try members.optionalString("search_pattern", length: 0...256)
        includes = try members.optionalStrings("includes", atMost: 8) ?? []
        excludes = try members.optionalStrings("excludes", atMost: 8) ?? []
        cursor = try members.optionalString("cursor", length: 0...256)
    }

    enum CodingKeys: String, CodingKey {
        case direction, limit, replica, component, includes, excludes, cursor
        case startEpochMillis = "start_epoch_millis"
        case endEpochMillis = "end_epoch_millis"
        case minLevel = "min_level"
        case requestID = "request_id"
        case searchPattern = "search_pattern"
    }
}

/// One log line.
public struct LogV1: Codable, Sendable, Equatable {
    /// Nanoseconds since 1970, as decimal text.
    public var timestamp: String
    /// Text of the line.
    public var message: String
    /// The replica that wrote it; null for lines of the build or the platform.
    @Nullable public var replica: String?
    /// The request it belongs to, if known.
    @Nullable public var requestID: String?
    /// Severity, if known.
    @Nullable public var level: LogLevelV1?

    public init(
        timestamp: String, message: String, replica: String?, requestID: String? = nil,
        level: LogLevelV1? = nil
    ) {
        self.timestamp = timestamp
        self.message = message
        self.replica = replica
        self.requestID = requestID
        self.level = level
    }

    enum CodingKeys: String, CodingKey {
        case timestamp, message, replica, level
        case requestID = "request_id"
    }
}

/// The log lines that match a query.
public struct GetLogsResponseV1: Codable, Sendable, Equatable {
    /// The lines, in the order asked for.
    public var logs: [LogV1]
    /// Where the lines after these are found, in the same direction: one millisecond can hold more than an answer. Absent
    /// when there was none to go on from. An extension of ours.
    public var nextCursor: String?

    public init(logs: [LogV1], nextCursor: String? = nil) {
        self.logs = logs
        self.nextCursor = nextCursor
    }

    enum CodingKeys: String, CodingKey {
        case logs
        case nextCursor = "next_cursor"
    }
}
