// The promises that are checked, and how often each really was: a check that is never reached proves nothing.

/// What a simulated world holds the server to. Raw values name the figures.
public enum Promise: String, Sendable, CaseIterable {
    // Acknowledged writes
    case recordIsKept = "record_is_kept"
    case settingsAreKept = "settings_are_kept"
    case patchIsKept = "patch_is_kept"
    case deactivationIsKept = "deactivation_is_kept"
    case promotionIsKept = "promotion_is_kept"
    case cancellationIsKept = "cancellation_is_kept"
    case archiveIsKept = "archive_is_kept"
    case serverStarts = "server_starts"
    // Promotions
    case onePromotion = "one_promotion_per_environment"
    case movesByPromotion = "moves_by_promotion"
    case endIsTrue = "promotion_end_is_true"
    case endIsFinal = "promotion_end_is_final"
    case rolloutPlan = "rollout_plan"
    case rolloutServes = "rollout_serves"
    case settingsAgree = "settings_agree"
    // Traffic
    case routable = "routable"
    case activeIsRouted = "active_is_routed"
    case swapToReady = "swap_to_ready"
    case stopsIdle = "stops_idle_replicas"
    case requestIsServed = "request_is_served"
    // Replicas
    case startedOnce = "replica_started_once"
    case imageIsKept = "image_is_kept"
    case capacity = "capacity"
    // The queue
    case queueIsKept = "queue_is_kept"
    case queueEndsOnce = "queue_ends_once"
    case queueCancellation = "queue_cancellation_is_kept"
    case predictedOnce = "predicted_once"
    case deliveredOnce = "delivered_once"
    // Time
    case restartsInTime = "restarts_in_time"
    case promotionMoves = "promotion_moves"
    case noWaitInVain = "no_wait_in_vain"
    case serverRests = "server_rests"
    case feedIsComplete = "feed_is_complete"
    // After the storm
    case rest = "rest"
    case activeServes = "active_serves"
    case nothingIsLeft = "nothing_is_left"
}
