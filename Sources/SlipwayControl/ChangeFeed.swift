// Tells whoever looks at something that it has changed. Noted where the control plane publishes what has changed anyway,
// so nobody polls and nothing is read for it; the watcher reads what it shows when it is told.

import SlipwayCore
import Synchronization

public final class ChangeFeed: Sendable {
    public enum Topic: Hashable, Sendable {
        /// Any model.
        case models
        case model(ModelID)
        /// New lines of a deployment's log.
        case log(DeploymentID)
    }

    private struct Watcher {
        var owner: String
        var topics: Set<Topic>
        var changed: Set<Topic> = []
        var bell: AsyncStream<Void>.Continuation
    }

    private struct State {
        var watchers: [Int: Watcher] = [:]
        var number = 0
        var isClosed = false
    }

    /// More watchers than this are turned away, of all and of one owner: each holds a connection.
    public static let maxWatchers = 1000
    public static let maxWatchersOfOne = 30

    private let state = Mutex(State())
    private let followers = Atomic<Int>(0)

    public init() {}

    /// What has changed of `topics` since the last element, until the feed closes. Changes that come faster than they
    /// are taken are put together.
    /// - Parameter owner: whose watchers are counted together.
    /// - Returns: nil when there are too many watchers, or the feed is closed.
    public func watch(_ topics: Set<Topic>, for owner: String) -> Watch? {
        let (bells, bell) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        let number: Int? = state.withLock { state in
            guard !state.isClosed, state.watchers.count < Self.maxWatchers,
                state.watchers.values.count(where: { $0.owner == owner }) < Self.maxWatchersOfOne
            else { return nil }
            state.number += 1
            state.watchers[state.number] = Watcher(owner: owner, topics: topics, bell: bell)
            return state.number
        }
        guard let number else { return nil }
        let follows = topics.contains { if case .log = $0 { true } else { false } }
        if follows { followers.add(1, ordering: .relaxed) }
        bell.onTermination = { [self] _ in
            let wasThere = state.withLock { $0.watchers.removeValue(forKey: number) != nil }
            if wasThere, follows { followers.subtract(1, ordering: .relaxed) }
        }
        return Watch(feed: self, number: number, bells: bells)
    }

    fileprivate func take(_ number: Int) -> Set<Topic> {
        state.withLock { state in
            let changed = state.watchers[number]?.changed ?? []
            state.watchers[number]?.changed = []
            return changed
        }
    }

    /// - Parameter isUnknown: something of no model in particular has changed too, so everybody is told.
    func note(models: Set<ModelID>, andUnknown isUnknown: Bool) {
        note { topic in
            switch topic {
            case .models: true
            case .model(let id): isUnknown || models.contains(id)
            case .log: false
            }
        }
    }

    /// Costs next to nothing while nobody follows a log: it is called for every line.
    func note(logOf id: DeploymentID) {
        guard followers.load(ordering: .relaxed) > 0 else { return }
        note { $0 == .log(id) }
    }

    private func note(_ concerns: (Topic) -> Bool) {
        state.withLock { state in
            for number in state.watchers.keys {
                let news = state.watchers[number]?.topics.filter(concerns) ?? []
                guard !news.isEmpty else { continue }
                state.watchers[number]?.changed.formUnion(news)
                state.watchers[number]?.bell.yield()
            }
        }
    }

    /// Ends all watches, and any later one at once: the server is about to end or to hand over.
    public func close() {
        let bells = state.withLock { state in
            state.isClosed = true
            return state.watchers.values.map(\.bell)
        }
        for bell in bells { bell.finish() }
    }

    /// The changes of what one watcher looks at.
    public struct Watch: AsyncSequence, Sendable {
        fileprivate let feed: ChangeFeed
        fileprivate let number: Int
        fileprivate let bells: AsyncStream<Void>

        public struct AsyncIterator: AsyncIteratorProtocol {
            fileprivate let feed: ChangeFeed
            fileprivate let number: Int
            fileprivate var bells: AsyncStream<Void>.AsyncIterator

            public mutating func next() async -> Set<Topic>? {
                guard await bells.next() != nil else { return nil }
                return feed.take(number)
            }
        }

        public func makeAsyncIterator() -> AsyncIterator {
            AsyncIterator(feed: feed, number: number, bells: bells.makeAsyncIterator())
        }
    }
}
