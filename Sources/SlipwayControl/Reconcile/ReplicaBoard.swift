// What the façade and the dispatcher of asynchronous work may know of replicas without asking the controller, and
// what they tell it.

import SlipwayCore
import Synchronization

/// A replica that answers, and how to call it.
struct ReadyReplica: Sendable, Equatable {
    var id: ReplicaID
    var endpoint: ReplicaEndpoint
    var predictPath: String
    /// Predictions it makes at once.
    var concurrency: Int
}

final class ReplicaBoard: Sendable {
    /// Asynchronous predictions of one deployment.
    struct Work: Sendable {
        var inFlight = 0
        var lastEnd: Timestamp?
    }

    private struct Books {
        var ready: [DeploymentID: [ReadyReplica]] = [:]
        var work: [DeploymentID: Work] = [:]
        var inFlight: [ReplicaID: Int] = [:]
    }

    private let books = Mutex(Books())
    private let bell: AsyncStream<Void>.Continuation
    /// Rings when replicas or their room may have changed; at most one ring waits. One consumer.
    let rings: AsyncStream<Void>

    init() { (rings, bell) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1)) }

    func ring() { bell.yield() }

    func readyReplicas(of deployment: DeploymentID) -> Int { replicas(of: deployment).count }

    func replicas(of deployment: DeploymentID) -> [ReadyReplica] {
        books.withLock { $0.ready[deployment] ?? [] }
    }

    func publish(_ ready: [DeploymentID: [ReadyReplica]]) {
        let changed = books.withLock { books in
            defer { books.ready = ready }
            return books.ready != ready
        }
        if changed { ring() }
    }

    // MARK: Asynchronous work in flight

    func began(_ replica: ReplicaID, of deployment: DeploymentID) {
        books.withLock {
            $0.work[deployment, default: Work()].inFlight += 1
            $0.inFlight[replica, default: 0] += 1
        }
    }

    func ended(_ replica: ReplicaID, of deployment: DeploymentID, at now: Timestamp) {
        books.withLock {
            $0.work[deployment]?.inFlight -= 1
            $0.work[deployment]?.lastEnd = now
            let left = ($0.inFlight[replica] ?? 1) - 1
            $0.inFlight[replica] = left > 0 ? left : nil
        }
    }

    /// Forgets the work of deployments that are gone and have none in flight.
    func forgetWork(where isGone: (DeploymentID) -> Bool) {
        books.withLock { books in
            books.work = books.work.filter { !isGone($0.key) || $0.value.inFlight > 0 }
        }
    }

    func work(of deployment: DeploymentID) -> Work { books.withLock { $0.work[deployment] ?? Work() } }
    func inFlight(_ replica: ReplicaID) -> Int { books.withLock { $0.inFlight[replica] ?? 0 } }
}
