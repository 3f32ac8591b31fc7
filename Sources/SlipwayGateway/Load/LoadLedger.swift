// The books of all event loops together, as the controller and the metrics read them.

import SlipwayCore
import SlipwaySockets
import Synchronization

final class LoadLedger: Sendable {
    private struct Shelf {
        var books: [DeploymentID: [LoadBook]] = [:]
        var shared: [DeploymentID: SharedLoad] = [:]
    }

    private let shelf = Mutex(Shelf())
    private let now: @Sendable () -> Timestamp

    /// - Parameter now: the clock of `DeploymentLoad.lastActivity`.
    init(now: @escaping @Sendable () -> Timestamp) { self.now = now }

    /// A new book for one loop, which keeps it for all its requests of the deployment.
    func open(_ deployment: DeploymentID) -> LoadBook {
        shelf.withLock { shelf in
            let shared = shelf.shared[deployment] ?? SharedLoad()
            shelf.shared[deployment] = shared
            let book = LoadBook(shared: shared)
            shelf.books[deployment, default: []].append(book)
            return book
        }
    }

    /// Loads as of now.
    /// - Parameter deployments: nil for all that were ever called.
    func loads(of deployments: Set<DeploymentID>?) -> [DeploymentID: DeploymentLoad] {
        let (wall, moment) = (now(), MonotonicClock.now)
        let all = shelf.withLock { $0.books }
        let books =
            deployments.map { wanted in
                wanted.reduce(into: [:]) { books, id in books[id] = all[id] }
            } ?? all
        return books.mapValues { books in
            var sum = DeploymentLoad()
            var touched: UInt64?
            for book in books {
                let page = book.read(at: moment) { page in
                    var copy = page
                    copy.tallies = []
                    return copy
                }
                sum.inFlight += page.inFlight
                sum.parked += page.parked
                sum.requestSeconds += Double(page.area) / 1e9
                sum.tokens += page.tokens
                sum.tokenSeconds += page.tokenSeconds
                sum.answered += page.answered
                sum.failed += page.failed
                if let last = page.touched { touched = max(touched ?? 0, last) }
            }
            sum.lastActivity = touched.map { wall + .nanoseconds(-Int64(moment - min($0, moment))) }
            return sum
        }
    }

    /// Requests that ended since the last call; there is one taker.
    func takeTraffic() -> [DeploymentID: Traffic] {
        let moment = MonotonicClock.now
        return shelf.withLock { $0.books }.compactMapValues { books in
            var traffic = Traffic()
            for book in books {
                let tallies = book.read(at: moment) { page in
                    let tallies = page.tallies
                    page.tallies = []
                    return tallies
                }
                for (kind, tally) in tallies { traffic.add(tally, of: kind) }
            }
            return traffic.tallies.isEmpty ? nil : traffic
        }
    }

    /// Forgets deployments that are gone and have nothing in flight.
    /// - Returns: false when some of them had, and are still to be forgotten.
    @discardableResult
    func prune(keeping isKnown: (DeploymentID) -> Bool) -> Bool {
        shelf.withLock { shelf in
            var isDone = true
            for (id, books) in shelf.books where !isKnown(id) {
                let kept = books.filter { !$0.retire() }
                shelf.books[id] = kept.isEmpty ? nil : kept
                if kept.isEmpty { shelf.shared[id] = nil } else { isDone = false }
            }
            return isDone
        }
    }
}
