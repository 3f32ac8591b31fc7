// Promises about time: how long an environment may be without a replica, a promotion without progress or a reason, and a
// request without an answer while a ready replica has room. Looked at each simulated second.

import SlipwayCore
import SlipwayGateway

/// The bounds that RELIABILITY.md names, as they are here: the control plane's passes are several simulated seconds
/// apart, and each of its reads and writes may take some more.
enum Bounds {
    /// From the end of the restart pause, or from the loss where there is none, to the start of another replica.
    static let untilStart: Duration = .seconds(30)
    /// Of a promotion that says nothing of what it waits for.
    static let silence: Duration = .seconds(60)
    /// On top of the deploy timeout and the stabilization time, for a promotion that says what it waits for.
    static let stall: Duration = .seconds(120)
    /// While a ready replica has room.
    static let inVain: Duration = .seconds(30)
}

final class TimeChecks: @unchecked Sendable {
    private unowned let world: World
    private var emptySince: [Ledger.EnvironmentKey: (deployment: DeploymentID, at: Int64)] = [:]
    private var movedAt: [PromotionID: (state: Progress, at: Int64)] = [:]
    private var silentSince: [PromotionID: Int64] = [:]
    private var roomSince: [DeploymentID: Int64] = [:]

    /// What a promotion has come to.
    private struct Progress: Equatable {
        var status: PromotionStatus
        var percent: Int
        var candidateStatus: DeploymentStatus?
        /// The deploy timeout begins anew when a lost image has been built again, which may take less than a second.
        var deployStartedAt: Timestamp?
        var ready: Int
    }

    init(world: World) { self.world = world }

    func check() {
        // A server that has just begun, or is not there, has its own bounds.
        guard world.isSteady else {
            (emptySince, movedAt, silentSince, roomSince) = ([:], [:], [:], [:])
            return
        }
        checkEnvironments()
        checkPromotions()
        checkWaiting()
    }

    // MARK: Environments

    private func checkEnvironments() {
        let now = world.scheduler.elapsed
        let records = world.records.records
        let bound = (CrashHistory.longestPause + Bounds.untilStart).microseconds
        for (key, environment) in records.environments {
            guard let deployment = environment.currentDeploymentID.flatMap({ records.deployments[$0] }),
                wantsReplica(deployment), !hasReplica(deployment.id)
            else {
                emptySince[key] = nil
                continue
            }
            if emptySince[key]?.deployment != deployment.id { emptySince[key] = (deployment.id, now) }
            guard let since = emptySince[key]?.at, now - since > bound else { continue }
            // Each fault begins another pause; without room it waits and says so.
            if world.hasExcuse(deployment.id, since: now - bound)
                || world.hasExcuse(key.model, since: now - bound) || world.machine.wasFull(since: now - bound)
            {
                continue
            }
            world.evaluated(.restartsInTime)
            world.violate(
                .restartsInTime,
                "environment \(key.name) of \(key.model) has had no replica of \(deployment.id) for \((now - since) / 1_000_000) s: \(deployment.status.rawValue) \(deployment.statusReason ?? "")"
            )
        }
    }

    /// It is to run, and there is something it can be started from.
    private func wantsReplica(_ deployment: Deployment) -> Bool {
        deployment.desired == .running && !deployment.status.isFailure && deployment.status != .building
            && deployment.imageID.map { world.machine.images[$0] != nil } ?? false
    }

    private func hasReplica(_ id: DeploymentID) -> Bool {
        let found = world.machine.processes.values.contains {
            $0.spec.deploymentID == id && !$0.hasExited && !$0.isStopping
        }
        if found { world.evaluated(.restartsInTime) }
        return found
    }

    // MARK: Promotions

    private func checkPromotions() {
        let now = world.scheduler.elapsed
        let records = world.records.records
        let running = records.promotions.values.filter { !$0.status.isTerminal }
        let ids = Set(running.map(\.id))
        movedAt = movedAt.filter { ids.contains($0.key) }
        silentSince = silentSince.filter { ids.contains($0.key) }
        for promotion in running where promotion.status != .paused {
            world.evaluated(.promotionMoves)
            let candidate = records.deployments[promotion.candidateID]
            let state = Progress(
                status: promotion.status, percent: promotion.rollout.percent,
                candidateStatus: candidate?.status, deployStartedAt: candidate?.deployStartedAt,
                ready: readyReplicas(promotion.candidateID))
            if movedAt[promotion.id]?.state != state {
                movedAt[promotion.id] = (state, now)
                silentSince[promotion.id] = nil
            }
            checkSilence(promotion, now)
            let patience = Duration.seconds(
                (candidate?.deployTimeoutSeconds ?? 0) + promotion.rollout.config.stabilizationSeconds
                    + promotion.rollout.rampUpSeconds)
            guard let moved = movedAt[promotion.id]?.at,
                now - moved > (patience + Bounds.stall).microseconds
            else { continue }
            world.violate(
                .promotionMoves,
                "promotion \(promotion.id) has not moved for \((now - moved) / 1_000_000) s: \(promotion.rollout.waitsFor ?? "no reason")"
            )
        }
    }

    private func checkSilence(_ promotion: Promotion, _ now: Int64) {
        guard promotion.rollout.waitsFor == nil else { return silentSince[promotion.id] = nil }
        let since = silentSince[promotion.id] ?? now
        silentSince[promotion.id] = since
        guard now - since > Bounds.silence.microseconds else { return }
        world.violate(
            .promotionMoves,
            "promotion \(promotion.id) is \(promotion.status.rawValue) and has not said for \((now - since) / 1_000_000) s what it waits for"
        )
    }

    private func readyReplicas(_ id: DeploymentID) -> Int {
        world.machine.processes.values.count { $0.spec.deploymentID == id && $0.answers }
    }

    // MARK: Requests

    private func checkWaiting() {
        guard let gateway = world.server?.gateway else { return }
        let now = world.scheduler.elapsed
        let waiting = gateway.waiting
        roomSince = roomSince.filter { waiting.contains($0.key) }
        for id in waiting {
            world.evaluated(.noWaitInVain)
            guard hasRoom(id, gateway) else {
                roomSince[id] = nil
                continue
            }
            let since = roomSince[id] ?? now
            roomSince[id] = since
            guard now - since > Bounds.inVain.microseconds else { continue }
            world.violate(
                .noWaitInVain,
                "a request of \(id) has waited for \((now - since) / 1_000_000) s while a ready replica has room"
            )
        }
    }

    /// A replica has been ready for so long that it must be in the table, and has nothing to do. One that is about to end
    /// is gone before the bound.
    private func hasRoom(_ id: DeploymentID, _ gateway: SimulatedGateway) -> Bool {
        let now = world.scheduler.elapsed
        guard let deployment = world.records.records.deployments[id], deployment.desired == .running else {
            return false
        }
        return world.machine.processes.contains { replica, process in
            process.spec.deploymentID == id && process.code == deployment.imageID && !process.isStopping
                && process.readySince.map { now - $0 > Bounds.inVain.microseconds } ?? false
                && gateway.inFlight(replica: replica) == 0
        }
    }
}
