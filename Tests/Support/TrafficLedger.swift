// Ended predictions by deployment, for gateways that are not there.

import SlipwayCore
import Synchronization

public final class TrafficLedger: Sendable {
    private let books = Mutex<[DeploymentID: Traffic]>([:])

    public init() {}

    public func record(_ request: EndedRequest, of deployment: DeploymentID) {
        books.withLock { $0[deployment, default: Traffic()].record(request) }
    }

    /// What was recorded since the last call; there is one taker.
    public func take() -> [DeploymentID: Traffic] {
        books.withLock { books in
            defer { books = [:] }
            return books
        }
    }
}
