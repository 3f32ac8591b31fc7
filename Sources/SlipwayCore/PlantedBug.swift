// Bugs on purpose, for the tests of the simulator: it has to find each of them. Release builds have none.

#if DEBUG
    import Synchronization

    public enum PlantedBug: String, Sendable, CaseIterable {
        /// A draining replica is ended while it has requests.
        case stopsBusyReplicas = "stops-busy-replicas"
        /// A promotion moves its environment before the candidate is ready.
        case swapsTooEarly = "swaps-too-early"
        /// Decisions are made from records as they were some writes ago, and stored over what came in between.
        case trustsOldRecords = "trusts-old-records"

        /// A rolling promotion takes the previous deployment's replicas before the candidate's are ready.
        case rollsTooFast = "rolls-too-fast"

        /// The table leaves out one of a deployment's ready replicas.
        case leavesOutReplicas = "leaves-out-replicas"

        /// One of the replicas that live is not counted when room for another is looked for.
        case overbooks

        /// An asynchronous request stays in the queue while it is predicted.
        case repeatsPredictions = "repeats-predictions"

        /// The cancellation of a promotion is answered and not stored.
        case losesCancellations = "loses-cancellations"

        private static let planted = Mutex<PlantedBug?>(nil)

        /// Nil takes the planted one out.
        public static func plant(_ bug: PlantedBug?) { planted.withLock { $0 = bug } }

        var isPlanted: Bool { Self.planted.withLock { $0 == self } }

        package static func isPlanted(_ bug: PlantedBug) -> Bool { bug.isPlanted }
    }
#else
    package enum PlantedBug {
        case stopsBusyReplicas, swapsTooEarly, trustsOldRecords, rollsTooFast, leavesOutReplicas, overbooks
        case repeatsPredictions, losesCancellations

        @inlinable package static func isPlanted(_ bug: PlantedBug) -> Bool { false }
    }
#endif
