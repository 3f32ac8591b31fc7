// Makes a world that broke a promise smaller while it breaks the same one, so that a person can read what happened.

/// Leaves out decisions of a record (delta debugging): what is left out takes its uneventful default, so a call is not
/// made, a fault does not happen, a delay is short.
public struct Shrinker {
    /// The smallest that still breaks the promise, and what its run came to.
    public private(set) var record: WorldRecord
    public private(set) var result: SimulationResult
    /// Worlds that were run.
    public private(set) var runs = 0

    private let promise: Promise
    private let maxRuns: Int
    private let deadline: ContinuousClock.Instant

    /// - Parameters:
    ///   - record: of a world whose `promise` is the one it broke.
    ///   - timeLimit: of the whole search.
    /// - Returns: nil when the record's replay does not break the promise.
    public init?(_ record: WorldRecord, maxRuns: Int = 3000, timeLimit: Duration) throws {
        guard let promise = record.promise else { return nil }
        let result = try Simulation.replay(record)
        guard result.broken == promise else { return nil }
        self.promise = promise
        self.record = record
        self.result = result
        self.maxRuns = maxRuns
        deadline = .now + timeLimit
        keep(record, result)
    }

    public mutating func shrink() throws {
        var before: Int
        repeat {
            before = record.decisions.count
            try leaveOutGroups { String($0.prefix { $0 != "/" && $0 != "#" && $0 != "@" }) }
            try leaveOutGroups { String($0.prefix { $0 != "#" && $0 != "@" }) }
            try leaveOutChunks()
        } while record.decisions.count < before && !isOver
    }

    private var isOver: Bool { runs >= maxRuns || ContinuousClock.now >= deadline }

    /// Whole clients, kinds of faults, kinds of decisions; the largest first.
    private mutating func leaveOutGroups(_ group: (String) -> String) throws {
        let groups = Dictionary(grouping: record.decisions.keys, by: group)
        for (_, keys) in groups.sorted(by: { ($1.value.count, $0.key) < ($0.value.count, $1.key) }) {
            if isOver { return }
            _ = try tryWithout(keys)
        }
    }

    private mutating func leaveOutChunks() throws {
        var size = max(1, record.decisions.count / 2)
        while true {
            let keys = record.decisions.keys.sorted()
            for start in stride(from: 0, to: keys.count, by: size) {
                if isOver { return }
                _ = try tryWithout(Array(keys[start..<min(keys.count, start + size)]))
            }
            if size == 1 { return }
            size = max(1, size / 2)
        }
    }

    /// Keeps what is left if it breaks the promise.
    private mutating func tryWithout(_ keys: [String]) throws -> Bool {
        var smaller = record
        for key in keys { smaller.decisions[key] = nil }
        // What an earlier try has left out already.
        if smaller.decisions.count == record.decisions.count { return false }
        runs += 1
        let result = try Simulation.replay(smaller)
        guard result.broken == promise else { return false }
        keep(smaller, result)
        return true
    }

    /// Nothing that comes after the breach matters, nor decisions that were not asked for.
    private mutating func keep(_ smaller: WorldRecord, _ result: SimulationResult) {
        record = smaller
        record.decisions = result.record.decisions
        record.storm = min(smaller.storm, result.elapsed + 1)
        self.result = result
    }
}
