// Counts of requests by deployment and replica, shared by all event loops; read by the controller.

import SlipwayCore
import Synchronization

/// Every operation holds the lock for some dictionary accesses only.
final class LoadLedger: Sendable {
    private struct Books {
        var deployments: [DeploymentID: DeploymentLoad] = [:]
        var replicas: [ReplicaID: Int] = [:]
        /// Where the next choice among equals begins, so that they take turns.
        var turn = 0
    }

    private let books = Mutex(Books())
    private let now: @Sendable () -> Timestamp

    init(now: @escaping @Sendable () -> Timestamp) { self.now = now }

    // MARK: Deployments

    func began(_ deployment: DeploymentID) { change(deployment) { $0.inFlight += 1 } }

    /// Not answered here: it goes on elsewhere.
    func moved(from deployment: DeploymentID) { change(deployment) { $0.inFlight -= 1 } }

    /// - Parameter status: of the answer; 499 when the client left before it.
    func ended(_ deployment: DeploymentID, status: Int) {
        change(deployment) { load in
            load.inFlight -= 1
            load.answered += 1
            if status >= 500 { load.failed += 1 }
        }
    }

    /// A wake call: activity without a request.
    func touched(_ deployment: DeploymentID) { change(deployment) { _ in } }

    private func change(_ deployment: DeploymentID, _ body: (inout DeploymentLoad) -> Void) {
        let moment = now()
        books.withLock { books in
            var load = books.deployments[deployment, default: DeploymentLoad()]
            load.advance(to: moment)
            body(&load)
            load.lastActivity = moment
            books.deployments[deployment] = load
        }
    }

    /// Counts one more held request unless `limit` wait already.
    func tryPark(_ deployment: DeploymentID, limit: Int) -> Bool {
        books.withLock { books in
            guard books.deployments[deployment, default: DeploymentLoad()].parked < limit else {
                return false
            }
            books.deployments[deployment, default: DeploymentLoad()].parked += 1
            return true
        }
    }

    func unparked(_ deployment: DeploymentID) {
        books.withLock { $0.deployments[deployment]?.parked -= 1 }
    }

    /// Loads as of now.
    var deployments: [DeploymentID: DeploymentLoad] {
        let moment = now()
        return books.withLock { $0.deployments }.mapValues { load in
            var load = load
            load.advance(to: moment)
            return load
        }
    }

    /// Forgets deployments that are gone and have nothing in flight.
    func prune(keeping isKnown: (DeploymentID) -> Bool) {
        books.withLock { books in
            for (id, load) in books.deployments where load.inFlight == 0 && !isKnown(id) {
                books.deployments[id] = nil
            }
        }
    }

    // MARK: Replicas

    /// Counts a request for the replica that has the fewest; nil when `candidates` is empty.
    func takeLeastLoaded(of candidates: [ReplicaRoute]) -> ReplicaRoute? {
        guard !candidates.isEmpty else { return nil }
        return books.withLock { books in
            books.turn &+= 1
            let start = Int(UInt(bitPattern: books.turn) % UInt(candidates.count))
            var best = candidates[start]
            var fewest = books.replicas[best.replicaID, default: 0]
            for step in 1..<candidates.count where fewest > 0 {
                let other = candidates[(start + step) % candidates.count]
                let count = books.replicas[other.replicaID, default: 0]
                if count < fewest { (best, fewest) = (other, count) }
            }
            books.replicas[best.replicaID] = fewest + 1
            return best
        }
    }

    func release(_ replica: ReplicaID) {
        books.withLock { books in
            let left = books.replicas[replica, default: 1] - 1
            books.replicas[replica] = left > 0 ? left : nil
        }
    }

    func inFlight(_ replica: ReplicaID) -> Int { books.withLock { $0.replicas[replica, default: 0] } }
}

extension DeploymentLoad {
    /// Adds the time since the last change to the request-seconds; a clock that was set back adds nothing.
    fileprivate mutating func advance(to moment: Timestamp) {
        guard inFlight > 0, let lastActivity, moment > lastActivity else { return }
        requestSeconds += Double(inFlight) * ((moment - lastActivity) / .seconds(1))
    }
}
