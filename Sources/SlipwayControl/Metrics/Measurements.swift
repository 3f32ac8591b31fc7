// What the parts of the control plane measure themselves, until the metrics keeper takes it.

import SlipwayCore
import Synchronization

final class Measurements: Sendable {
    private let books = Mutex<[DeploymentID: MetricsSample]>([:])

    func note(_ deployment: DeploymentID, _ body: (inout MetricsSample) -> Void) {
        books.withLock { body(&$0[deployment, default: MetricsSample()]) }
    }

    /// What was noted since the last call; there is one taker.
    func take() -> [DeploymentID: MetricsSample] {
        books.withLock { books in
            defer { books = [:] }
            return books
        }
    }
}
