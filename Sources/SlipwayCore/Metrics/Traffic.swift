// What the predictions of one deployment were like, counted by how they ended.

/// One prediction that has ended.
public struct EndedRequest: Sendable {
    public var kind: RequestKind
    /// From its arrival to the end of its answer.
    public var duration: Duration
    /// From its arrival to the head of the answer; nil when none came.
    public var firstByte: Duration?
    public var requestBytes: Int
    public var responseBytes: Int

    public init(
        kind: RequestKind, duration: Duration, firstByte: Duration?, requestBytes: Int, responseBytes: Int
    ) {
        self.kind = kind
        self.duration = duration
        self.firstByte = firstByte
        self.requestBytes = requestBytes
        self.responseBytes = responseBytes
    }
}

/// The labels by which predictions are counted.
public struct RequestKind: Sendable, Hashable, Codable {
    /// HTTP status of the answer; 499 when the client left before it.
    public var status: Int
    public var isAsync: Bool

    public init(status: Int, isAsync: Bool) {
        self.status = status
        self.isAsync = isAsync
    }
}

/// Predictions of one kind. Times are in microseconds.
public struct RequestTally: Sendable, Equatable, Codable {
    public var duration = ValueHistogram()
    public var firstByte = ValueHistogram()
    public var requestBytes = ValueHistogram()
    public var responseBytes = ValueHistogram()

    public init() {}

    public var count: UInt64 { duration.count }

    public mutating func record(_ request: EndedRequest) {
        duration.record(request.duration.wholeMicroseconds)
        if let time = request.firstByte { firstByte.record(time.wholeMicroseconds) }
        requestBytes.record(UInt64(max(0, request.requestBytes)))
        responseBytes.record(UInt64(max(0, request.responseBytes)))
    }

    public static func += (sum: inout RequestTally, other: RequestTally) {
        sum.duration += other.duration
        sum.firstByte += other.firstByte
        sum.requestBytes += other.requestBytes
        sum.responseBytes += other.responseBytes
    }
}

/// Predictions of one deployment.
public struct Traffic: Sendable, Equatable, Codable {
    public private(set) var tallies: [RequestKind: RequestTally] = [:]

    public init() {}

    public mutating func record(_ request: EndedRequest) {
        tallies[request.kind, default: RequestTally()].record(request)
    }

    /// Adds requests of one kind.
    public mutating func add(_ tally: RequestTally, of kind: RequestKind) {
        tallies[kind, default: RequestTally()] += tally
    }

    public static func += (sum: inout Traffic, other: Traffic) {
        for (kind, tally) in other.tallies { sum.add(tally, of: kind) }
    }
}

extension Duration {
    /// Zero for negative durations.
    var wholeMicroseconds: UInt64 {
        let (seconds, attoseconds) = components
        return UInt64(max(0, seconds * 1_000_000 + attoseconds / 1_000_000_000_000))
    }
}
