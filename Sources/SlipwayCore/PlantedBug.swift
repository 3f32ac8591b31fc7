// Bugs on purpose, for the tests of the simulator: it has to find each of them. Builds for users have none
// (`-DPLANTED_BUGS`).

#if PLANTED_BUGS
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

        /// What serves falls asleep while a promotion away from it waits for its candidate.
        case sleepsDuringPromotions = "sleeps-during-promotions"

        /// A sync of patches starts a deployment that was deactivated.
        case syncsToInactive = "syncs-to-inactive"

        /// A lost image whose rebuild fails once is not built again.
        case givesUpLostImages = "gives-up-lost-images"

        /// The controller does not hear of changes to environments.
        case missesChanges = "misses-changes"

        private static let planted = Mutex<PlantedBug?>(nil)

        /// Nil takes the planted one out.
        public static func plant(_ bug: PlantedBug?) { planted.withLock { $0 = bug } }

        var isPlanted: Bool { Self.planted.withLock { $0 == self } }

        package static func isPlanted(_ bug: PlantedBug) -> Bool { bug.isPlanted }
    }
#else
    package enum PlantedBug {
        case stopsBusyReplicas, swapsTooEarly, trustsOldRecords, rollsTooFast, leavesOutReplicas, overbooks
        case repeatsPredictions, losesCancellations, sleepsDuringPromotions, syncsToInactive
        case givesUpLostImages, missesChanges

        @inlinable package static func isPlanted(_ bug: PlantedBug) -> Bool { false }
    }
#endif
