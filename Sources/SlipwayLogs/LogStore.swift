// The logs of all deployments on disk: bounded, append-only, readable while they grow. The engine's events, the
// gateway and the controller append; the management API queries.

import Foundation
import SlipwayCore
import SlipwayThreads
import Synchronization

/// A query that cannot be answered.
public enum LogQueryError: Error, Sendable, Equatable, CustomStringConvertible {
    case badPattern(String)
    /// It took longer than a search may.
    case tooSlow
    /// More searches wait than may.
    case busy

    public var description: String {
        switch self {
        case .badPattern(let reason): "search_pattern: \(reason)"
        case .tooSlow: "The search took too long; ask for a shorter window, or a simpler search_pattern."
        case .busy: "Too many searches of logs are waiting; try again later."
        }
    }
}

/// One directory per deployment with JSON-lines segments. Appending never waits for the disk: lines are
/// collected and written by a flusher at least every `flushInterval`, and before every query.
public final class LogStore: Sendable {
    public struct Limits: Sendable {
        /// Bytes of a segment before the next one begins.
        public var segmentBytes = 8 << 20
        /// Segments of a deployment; the oldest goes when one more is needed.
        public var segments = 8
        /// Longest message in bytes; the rest is cut and marked.
        public var messageBytes = 64 << 10
        /// Bytes of a deployment's lines that wait for the disk; with more, lines are dropped and counted.
        public var waitingBytes = 4 << 20
        /// Segments that were last written longer ago are deleted; nil keeps them.
        public var retention: Duration?
        /// What "ago" is measured from; files carry the machine's time.
        public var now: @Sendable () -> Date = { Date() }

        public init() {}
    }

    /// How often old segments are looked for.
    static let pruneInterval: Duration = .seconds(3600)

    /// How long one query may read and search, in all.
    static let queryTimeout: Duration = .seconds(20)
    /// Searches compute for long, so they have threads of their own and hold up no other query.
    private static let searches = ThreadPool(name: "slipway-search", threads: 2, room: 1000)
    private static let reads = ThreadPool(name: "slipway-logs", threads: 2, room: 1000)

    /// How long a line may wait in memory.
    static let flushInterval: Duration = .milliseconds(100)

    /// Nil keeps nothing.
    private let root: String?
    private let limits: Limits
    private let journals = Mutex<[DeploymentID: Journal]>([:])
    private let flusher: Task<Void, Never>?
    private let pending: PendingFlush
    private let listener = Mutex<(@Sendable (DeploymentID) -> Void)?>(nil)

    /// Has `listener` called after each line. It must return at once.
    public func onAppend(_ listener: @escaping @Sendable (DeploymentID) -> Void) {
        self.listener.withLock { $0 = listener }
    }

    /// - Throws: when the directory cannot be made.
    public init(root: String, limits: Limits = Limits()) throws {
        try FileManager.default.createDirectory(
            atPath: root, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        self.root = root
        self.limits = limits
        let pending = PendingFlush()
        self.pending = pending
        flusher = Task.detached {
            var pruned: ContinuousClock.Instant?
            while !Task.isCancelled {
                if let retention = limits.retention, pruned.map({ .now - $0 >= Self.pruneInterval }) ?? true {
                    try? await ThreadPool.disk.run { _ in
                        Self.prune(
                            root, writtenBefore: limits.now().addingTimeInterval(-(retention / .seconds(1))))
                    }
                    pruned = .now
                }
                try? await Task.sleep(for: Self.flushInterval)
                let journals = pending.take()
                if journals.isEmpty { continue }
                try? await ThreadPool.disk.run { _ in for journal in journals { journal.flush() } }
            }
        }
    }

    private init() {
        root = nil
        limits = Limits()
        pending = PendingFlush()
        flusher = nil
    }

    /// A store that forgets every line, for simulations.
    public static var discarding: LogStore { LogStore() }

    /// Adds a line. Its time is moved on where needed, so that the times of a deployment strictly rise.
    public func append(_ entry: LogEntry, to deployment: DeploymentID) {
        guard let journal = journal(of: deployment) else { return }
        journal.append(entry)
        pending.insert(journal)
        listener.withLock(\.self)?(deployment)
    }

    /// The lines that match, in the asked direction, at most `query.limit`.
    /// - Throws: `LogQueryError`.
    public func query(_ query: LogQuery, of deployment: DeploymentID) async throws -> [LogEntry] {
        let filter = try LogFilter(query)
        guard root != nil else { return [] }
        do {
            return try await (filter.isSearch ? Self.searches : Self.reads).run { [self] abandonment in
                guard let journal = journal(of: deployment) else { return [] }
                journal.flush()
                let end = ContinuousClock.now + Self.queryTimeout
                return try journal.read(matching: filter) {
                    if abandonment.isAbandoned { throw CancellationError() }
                    if ContinuousClock.now > end { throw LogQueryError.tooSlow }
                }
            }
        } catch is PoolIsFull {
            throw LogQueryError.busy
        }
    }

    /// Deletes segments that were last written before `moment`. One that a journal just began to write again is
    /// recreated by it: lines are appended to a path, not to an open file.
    static func prune(_ root: String, writtenBefore moment: Date) {
        let files = FileManager.default
        for directory in (try? files.contentsOfDirectory(atPath: root)) ?? [] {
            let path = "\(root)/\(directory)"
            for segment in (try? files.contentsOfDirectory(atPath: path)) ?? []
            where segment.hasSuffix(".jsonl") {
                let attributes = try? files.attributesOfItem(atPath: "\(path)/\(segment)")
                if let written = attributes?[.modificationDate] as? Date, written < moment {
                    try? files.removeItem(atPath: "\(path)/\(segment)")
                }
            }
        }
    }

    /// The deployments that have logs on disk.
    public func deployments() -> [DeploymentID] {
        guard let root else { return [] }
        return ((try? FileManager.default.contentsOfDirectory(atPath: root)) ?? []).map { DeploymentID($0) }
    }

    /// Deletes the log of a deployment.
    public func remove(deployment: DeploymentID) async {
        journals.withLock { $0.removeValue(forKey: deployment) }?.discard()
        guard let root else { return }
        try? await ThreadPool.disk.run { _ in
            try? FileManager.default.removeItem(atPath: Self.directory(of: deployment, in: root))
        }
    }

    /// Writes everything that waits. Blocks.
    public func flush() { for journal in pending.take() { journal.flush() } }

    /// Ends the flusher after writing what waits.
    public func close() async {
        flusher?.cancel()
        // Not by `run`: it does nothing in a task that is cancelled.
        await withCheckedContinuation { continuation in
            ThreadPool.disk.submit { [self] in
                // Of all: what the flusher took and was cancelled with is not among the pending ones any more.
                for journal in journals.withLock({ Array($0.values) }) { journal.flush() }
                continuation.resume()
            }
        }
    }

    private func journal(of deployment: DeploymentID) -> Journal? {
        guard let root else { return nil }
        return journals.withLock { journals in
            if let journal = journals[deployment] { return journal }
            let journal = Journal(directory: Self.directory(of: deployment, in: root), limits: limits)
            journals[deployment] = journal
            return journal
        }
    }

    /// Ids come from requests too, so only their letters and digits name a directory.
    private static func directory(of deployment: DeploymentID, in root: String) -> String {
        root + "/" + deployment.text.filter { $0.isASCII && ($0.isLetter || $0.isNumber) }
    }
}

/// The journals with lines that are not on disk yet.
private final class PendingFlush: Sendable {
    private let journals = Mutex<[ObjectIdentifier: Journal]>([:])

    func insert(_ journal: Journal) { journals.withLock { $0[ObjectIdentifier(journal)] = journal } }

    func take() -> [Journal] {
        journals.withLock { journals in
            defer { journals = [:] }
            return Array(journals.values)
        }
    }
}
