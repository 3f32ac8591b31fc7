// How deployments share what can be under way at once: one with slow webhooks or much work must not hold up the others.

import SlipwayCore

enum FairShare {
    /// How many more one of them may start. Alone it gets all; what it has then is never taken back, so that others may
    /// go above the whole, each by no more than its share.
    ///
    /// - Parameter working: how many have something under way or to do.
    static func room(
        for deployment: DeploymentID, of running: [DeploymentID: Int], among working: Int,
        limit: Int = AsyncDispatcher.mostAtOnce
    ) -> Int {
        let free = limit - running.values.reduce(0, +)
        let share = max(1, limit / max(1, working)) - (running[deployment] ?? 0)
        return max(0, free, share)
    }
}
