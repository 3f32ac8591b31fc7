// Which steps the state machines took in a world, and which they can take: what never happens is not tested.

import SlipwayCore
import SlipwayStore

/// One step of a state machine, as `deployment ACTIVE → UPDATING`.
public struct Transition: Sendable, Hashable, Comparable, CustomStringConvertible {
    public enum Machine: String, Sendable {
        case deployment, promotion, async, webhook, patch
    }

    var machine: Machine
    var from: String
    var to: String

    /// What the state machines can do, as far as anybody knows: what a long run never takes needs other weather, and what
    /// it takes beyond this is new here or a bug.
    public static let known: Set<Transition> = {
        let table: [(Machine, from: String, to: [String])] = [
            (.deployment, "NEW", ["BUILDING", "DEPLOYING"]),
            (
                .deployment, "BUILDING",
                ["BUILD_FAILED", "DEPLOYING", "WAKING_UP", "DEACTIVATING", "DELETED"]
            ),
            (.deployment, "BUILD_FAILED", ["BUILDING", "DELETED"]),
            (
                .deployment, "DEPLOYING",
                [
                    "LOADING_MODEL", "ACTIVE", "DEPLOY_FAILED", "BUILDING", "SCALED_TO_ZERO", "DEACTIVATING",
                    "DELETED",
                ]
            ),
            (.deployment, "DEPLOY_FAILED", ["BUILDING", "DEPLOYING", "DELETED"]),
            (
                .deployment, "LOADING_MODEL",
                [
                    "ACTIVE", "DEPLOYING", "DEPLOY_FAILED", "BUILDING", "SCALED_TO_ZERO", "UNHEALTHY",
                    "WAKING_UP",
                    "DEACTIVATING", "DELETED",
                ]
            ),
            (
                .deployment, "ACTIVE",
                ["UNHEALTHY", "UPDATING", "SCALED_TO_ZERO", "BUILDING", "DEACTIVATING", "DELETED"]
            ),
            (.deployment, "UNHEALTHY", ["ACTIVE", "SCALED_TO_ZERO", "BUILDING", "DEACTIVATING", "DELETED"]),
            (
                .deployment, "UPDATING",
                ["ACTIVE", "UNHEALTHY", "SCALED_TO_ZERO", "BUILDING", "DEACTIVATING", "DELETED"]
            ),
            (
                .deployment, "SCALED_TO_ZERO",
                ["WAKING_UP", "UNHEALTHY", "BUILDING", "DEACTIVATING", "DELETED"]
            ),
            (
                .deployment, "WAKING_UP",
                [
                    "LOADING_MODEL", "ACTIVE", "UNHEALTHY", "SCALED_TO_ZERO", "BUILDING", "DEACTIVATING",
                    "DELETED",
                ]
            ),
            (.deployment, "DEACTIVATING", ["INACTIVE", "BUILDING", "DELETED"]),
            (.deployment, "INACTIVE", ["BUILDING", "DEPLOYING", "DELETED"]),
            (.promotion, "swap NEW", ["swap RELEASING", "swap SUCCEEDED"]),
            (
                .promotion, "swap RELEASING",
                ["swap SUCCEEDED", "swap SUCCEEDED watched", "swap FAILED", "swap CANCELED"]
            ),
            (.promotion, "swap SUCCEEDED watched", ["swap SUCCEEDED"]),
            (.promotion, "rampUp NEW", ["rampUp RELEASING"]),
            (
                .promotion, "rampUp RELEASING",
                [
                    "rampUp RAMPING_UP", "rampUp SUCCEEDED", "rampUp SUCCEEDED watched", "rampUp FAILED",
                    "rampUp CANCELED",
                ]
            ),
            (
                .promotion, "rampUp RAMPING_UP",
                ["rampUp SUCCEEDED", "rampUp SUCCEEDED watched", "rampUp CANCELED"]
            ),
            (.promotion, "rampUp SUCCEEDED watched", ["rampUp SUCCEEDED"]),
            (.promotion, "rolling NEW", ["rolling RELEASING"]),
            (
                .promotion, "rolling RELEASING",
                [
                    "rolling RAMPING_UP", "rolling SUCCEEDED", "rolling SUCCEEDED watched", "rolling FAILED",
                    "rolling CANCELED",
                ]
            ),
            (
                .promotion, "rolling RAMPING_UP",
                [
                    "rolling PAUSED", "rolling RAMPING_DOWN", "rolling SUCCEEDED",
                    "rolling SUCCEEDED watched", "rolling FAILED", "rolling CANCELED",
                ]
            ),
            (
                .promotion, "rolling PAUSED",
                [
                    "rolling RAMPING_UP", "rolling RAMPING_DOWN", "rolling CANCELED",
                ]
            ),
            (
                .promotion, "rolling RAMPING_DOWN",
                ["rolling RAMPING_UP", "rolling CANCELED"]
            ),
            (.promotion, "rolling SUCCEEDED watched", ["rolling SUCCEEDED"]),
            (.async, "NEW", ["QUEUED", "IN_PROGRESS", "SUCCEEDED", "CANCELED"]),
            (.async, "QUEUED", ["IN_PROGRESS", "EXPIRED", "CANCELED", "FAILED"]),
            (.async, "IN_PROGRESS", ["SUCCEEDED", "FAILED", "QUEUED"]),
            (.async, "SUCCEEDED", ["WEBHOOK_FAILED"]),
            (.webhook, "NEW", ["PENDING", "CANCELED", "NO_WEBHOOK_PROVIDED"]),
            (.webhook, "PENDING", ["SUCCEEDED", "FAILED", "CANCELED"]),
            (.patch, "NONE", ["STAGED MORE"]),
            (.patch, "STAGED", ["STAGED MORE", "BUILT", "RUN IN PLACE", "DROPPED"]),
        ]
        return Set(
            table.flatMap { row in row.to.map { Transition(machine: row.0, from: row.from, to: $0) } })
    }()

    public var description: String { "\(machine.rawValue) \(from) → \(to)" }

    public static func < (one: Self, other: Self) -> Bool { one.description < other.description }
}

/// Counts steps between what is stored before and after each transaction.
final class TransitionCounts {
    private(set) var taken: [Transition: Int] = [:]

    func note(_ machine: Transition.Machine, from: String, to: String) {
        if from != to { taken[Transition(machine: machine, from: from, to: to), default: 0] += 1 }
    }

    func compare(_ old: RecordChecks.Records, _ new: RecordChecks.Records) {
        for (id, deployment) in new.deployments {
            note(
                .deployment, from: old.deployments[id]?.status.rawValue ?? "NEW",
                to: deployment.status.rawValue)
        }
        for (id, promotion) in new.promotions {
            note(
                .promotion, from: old.promotions[id].map(Self.state) ?? "\(promotion.rollout.mode) NEW",
                to: Self.state(of: promotion))
        }
        comparePatches(old, new)
    }

    /// The same status means something else in each mode.
    private static func state(of promotion: Promotion) -> String {
        let watched = promotion.isWatched ? " watched" : ""
        return "\(promotion.rollout.mode) \(promotion.status.rawValue)\(watched)"
    }

    private func comparePatches(_ old: RecordChecks.Records, _ new: RecordChecks.Records) {
        for (id, deployment) in new.deployments {
            guard let before = old.deployments[id] else { continue }
            let (staged, left) = (old.patches[id], new.patches[id])
            if let left, left != staged {
                note(.patch, from: staged == nil ? "NONE" : "STAGED", to: "STAGED MORE")
            }
            guard let staged, left == nil else { continue }
            let isApplied = deployment.trussHash == staged
            let inPlace = deployment.status == before.status
            note(.patch, from: "STAGED", to: !isApplied ? "DROPPED" : inPlace ? "RUN IN PLACE" : "BUILT")
        }
        for id in old.deployments.keys where new.deployments[id] == nil {
            note(.deployment, from: old.deployments[id]?.status.rawValue ?? "", to: "DELETED")
        }
    }

    func compare(_ before: AsyncRequest?, _ now: AsyncRequest) {
        note(.async, from: before?.status.rawValue ?? "NEW", to: now.status.rawValue)
        note(.webhook, from: before?.webhookStatus.rawValue ?? "NEW", to: now.webhookStatus.rawValue)
    }
}
