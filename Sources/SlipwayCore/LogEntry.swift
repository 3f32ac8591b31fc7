// One line of a deployment's log, as engines produce and the API shows it.

public enum LogLevel: String, Sendable, Codable, CaseIterable, Comparable {
    case debug = "DEBUG"
    case info = "INFO"
    case warning = "WARNING"
    case error = "ERROR"
    case critical = "CRITICAL"

    public static func < (left: Self, right: Self) -> Bool {
        allCases.firstIndex(of: left)! < allCases.firstIndex(of: right)!
    }
}

public struct LogEntry: Sendable, Equatable, Codable {
    /// Nanoseconds since 1970-01-01T00:00:00Z.
    public var nanoseconds: Int64
    public var message: String
    /// nil for lines of the build and of the controller itself.
    public var replica: ReplicaID?
    public var requestID: String?
    public var level: LogLevel?

    public init(
        nanoseconds: Int64, message: String, replica: ReplicaID? = nil, requestID: String? = nil,
        level: LogLevel? = nil
    ) {
        self.nanoseconds = nanoseconds
        self.message = message
        self.replica = replica
        self.requestID = requestID
        self.level = level
    }

    /// A line of the platform itself.
    public init(
        at moment: Timestamp, _ message: String, level: LogLevel, replica: ReplicaID? = nil,
        requestID: String? = nil
    ) {
        self.init(
            nanoseconds: moment.microseconds * 1000, message: message, replica: replica,
            requestID: requestID, level: level)
    }
}
