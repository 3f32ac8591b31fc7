// What clients were told, and so may rely on.

import SlipwayCore

struct Ledger {
    enum Fate {
        /// Acknowledged and not asked to go.
        case there
        /// Acknowledged as deleted.
        case gone
        /// A call about it ended without an answer, or has not ended.
        case unknown
    }

    struct EnvironmentKey: Hashable, Comparable {
        var model: ModelID
        var name: String

        static func < (one: Self, other: Self) -> Bool { (one.model, one.name) < (other.model, other.name) }
    }

    var models: [ModelID: Fate] = [:]
    var deployments: [DeploymentID: Fate] = [:]
    var environments: [EnvironmentKey: Fate] = [:]
    /// Settings each environment may have now: one after an answer, more while there is none.
    var autoscaling: [EnvironmentKey: [AutoscalingSettings]] = [:]
    /// Deployments whose deactivation was acknowledged, and nothing else was asked of them since.
    var deactivated: Set<DeploymentID> = []
    /// Deployments that were activated or retried. That is a new deploy: when its first replica ends, the deployment is
    /// DEPLOY_FAILED with the reason until somebody retries it, whatever it had served before.
    var deployedAgain: Set<DeploymentID> = []
    /// The newest patch whose staging was acknowledged, by model, while nothing else replaces the source.
    var patched: [ModelID: String] = [:]
    /// Of these, the ones whose sync was acknowledged.
    var synced: Set<ModelID> = []
    /// Asynchronous requests that were accepted, and by which model.
    var submitted: [String: ModelID] = [:]
    /// Of these, the ones whose cancellation was acknowledged.
    var canceled: Set<String> = []
    /// What acknowledged promotions move to each environment, while nobody deletes that.
    var promoted: [EnvironmentKey: Set<DeploymentID>] = [:]
    /// Promotions whose cancellation was answered with their end.
    var canceledPromotions: [PromotionID: EnvironmentKey] = [:]
    /// Those whose cancellation takes a while, and nobody takes it back.
    var canceling: [PromotionID: EnvironmentKey] = [:]
    /// Signals under way that take a cancellation back.
    var forwards: [EnvironmentKey: Int] = [:]
    /// How often somebody began to delete environments.
    private(set) var deletions = 0
    /// What deletions under way delete. They may wait for a server for as long as they like, so that one which began
    /// before a call may be carried out after it.
    private var underWay: [Int: @Sendable (EnvironmentKey) -> Bool] = [:]

    /// Environments are about to be deleted, and their promotions with them.
    ///
    /// - Returns: what `endDeletion` wants once it is answered, or never will be.
    mutating func beginDeletion(where isDeleted: @escaping @Sendable (EnvironmentKey) -> Bool) -> Int {
        deletions += 1
        underWay[deletions] = isDeleted
        promoted = promoted.filter { !isDeleted($0.key) }
        canceledPromotions = canceledPromotions.filter { !isDeleted($0.value) }
        canceling = canceling.filter { !isDeleted($0.value) }
        return deletions
    }

    mutating func endDeletion(_ number: Int) { underWay[number] = nil }

    /// Whether an answer about promotions into the environment still holds, of a call that began after `deletions`.
    func promises(_ key: EnvironmentKey, since deletions: Int) -> Bool {
        deletions == self.deletions && !underWay.values.contains { $0(key) }
    }
}
