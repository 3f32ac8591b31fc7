// A team that works on one model: pushes, promotes, changes settings, and knows what it was told.

import Foundation
import SlipwayControl
import SlipwayCore
import SlipwayTruss

final class Owner: @unchecked Sendable {
    private let world: World
    private let name: String
    private(set) var model: ModelID?
    private var patches = 0
    private var dice: Dice { world.clientDice }

    init(world: World, name: String) {
        self.world = world
        self.name = name
    }

    func work() async {
        while !Task.isCancelled {
            await step()
            try? await world.scheduler.sleep(dice.span(.milliseconds(100), .seconds(60), "\(name)/pause"))
        }
    }

    private func step() async {
        guard let model else { return await push(.good) }
        switch dice.pick(weights: [20, 8, 14, 14, 10, 8, 14, 4, 3, 10, 1, 10], "\(name)/step") {
        case 0: await push(code())
        case 1: await push(.good, isDevelopment: true)
        case 2: await promote(.development, model)
        case 3: if let id = aDeployment(of: model) { await promote(.id(id), model) }
        case 4: await changeAutoscaling(model)
        case 5: await changePromotionSettings(model)
        case 6: await signal(model)
        case 7: await createEnvironment(model)
        case 8: await deleteEnvironment(model)
        case 9: await changeDeployment(model)
        case 11: await patch(model)
        case 10: await deleteModel(model)
        default: break
        }
    }

    private func code() -> Machine.Code {
        let kinds: [Machine.Code] = [.good, .unbuildable, .broken, .slow]
        return dice.pick(weights: [8, 1, 1, 1], "\(name)/code").map { kinds[$0] } ?? .good
    }

    // MARK: Deployments

    private func push(_ code: Machine.Code, isDevelopment: Bool = false) async {
        let key = world.machine.upload(code)
        if isDevelopment {
            world.ledger.deactivated = []
            if let model { world.ledger.patched[model] = nil }
        }
        let environment =
            !isDevelopment && model != nil && dice.chance(0.4, "\(name)/push/promotes")
            ? anEnvironment() : nil
        let answer = await world.ask("\(name) pushes \(key)") { [name] control, caller in
            try await control.push(
                PushRequest(
                    target: .modelNamed(name, team: nil), archiveKey: key, isDevelopment: isDevelopment,
                    environment: environment, scaleDownPrevious: dice.chance(0.8, "\(name)/push/scales-down"),
                    deployTimeoutMinutes: 10),
                by: caller)
        }
        guard let outcome = answer.value else { return }
        let (made, deployment) = (outcome.model, outcome.deployment)
        model = made.model.id
        world.ledger.note(\.models, made.model.id)
        world.ledger.note(\.deployments, deployment.deployment.id)
        world.ledger.note(\.environments, .init(model: made.model.id, name: Environment.production))
    }

    /// BLAKE3 of the text `pass`.
    private static let digestOfPass = "7be1b497736a4478f45a07661468dd282edc01d31a403641dd3e2a07cac4fc05"

    /// Stages a live patch on what is there, and usually syncs it.
    private func patch(_ model: ModelID) async {
        let state = await world.ask("\(name) asks for the state of its source") { control, _ in
            try await control.patchState(of: model)
        }
        guard let state = state.value ?? nil else { return }
        patches += 1
        // Every patch leads to a state of its own: it adds a directory that no other has.
        let label = "\(name)-patch-\(patches)"
        guard
            let point = try? PatchPoint(
                contentHashes: ["model/model.py": Self.digestOfPass, label: nil],
                config: "model_name: simulated\n",
                requirements: [])
        else { return }
        let hash = point.hash
        let isHot = dice.chance(0.5, "\(name)/patch/is-hot")
        let body = Data(
            """
            {"prev_hash": "\(state.pending?.hash ?? state.running.hash)", "next_hash": "\(hash)",
             "next_signature": {"config": "model_name: simulated\\n", "content_hashes_by_path":
               {"model/model.py": "\(Self.digestOfPass)", "\(label)": null}}, "patch_ops": [
               {"type": "model_code", "body": {"action": "UPDATE", "path": "model.py", "content": "pass",
                "hot_reload": \(isHot)}}]}
            """.utf8)
        let before = world.ledger.patched[model]
        // Until it is known whether it was staged, the one before may have been followed by it or not.
        world.ledger.patched[model] = nil
        let staged = await world.ask("\(name) stages \(label)") { control, caller in
            try await control.stagePatch(body, of: model, by: caller)
        }
        switch staged {
        case .acknowledged(.done):
            world.ledger.synced.remove(model)
            world.ledger.patched[model] = hash
        case .acknowledged, .refused: world.ledger.patched[model] = before
        case .unknown: break
        }
        guard dice.chance(0.8, "\(name)/patch/syncs") else { return }
        let synced = await world.ask("\(name) syncs") { control, caller in
            try await control.syncPatches(of: model, by: caller)
        }
        if case .acknowledged(.done) = synced, world.ledger.patched[model] == hash {
            world.ledger.synced.insert(model)
        }
    }

    private func promote(_ selector: DeploymentSelector, _ model: ModelID) async {
        let environment = anEnvironment()
        let answer = await world.promote(
            selector, of: model, to: environment,
            PromoteOptions(scaleDownPrevious: dice.chance(0.8, "\(name)/promote/scales-down")),
            as: name)
        if let view = answer.value { world.ledger.note(\.deployments, view.deployment.id) }
    }

    private func changeDeployment(_ model: ModelID) async {
        guard let id = aDeployment(of: model) else { return }
        let kind = dice.number(0...4, "\(name)/change")
        world.ledger.deactivated.remove(id)
        if (1...3).contains(kind) { world.ledger.deployedAgain.insert(id) }
        world.excuse(id, "\(name) changes it (\(kind))")
        switch kind {
        case 0:
            let answer = await world.ask("\(name) deactivates \(id)") {
                try await $0.deactivate(.id(id), of: model, by: $1)
            }
            let status = world.records.records.deployments[id]?.status
            if case .acknowledged = answer, status == .deactivating || status == .inactive {
                world.ledger.deactivated.insert(id)
            }
        case 1, 2:
            _ = await world.ask("\(name) activates \(id)") {
                try await $0.activate(.id(id), of: model, by: $1)
            }
        case 3:
            _ = await world.ask("\(name) retries \(id)") {
                try await $0.retry(.id(id), of: model, by: $1).retried
            }
        default:
            world.ledger.doubt(\.deployments, id)
            world.ledger.patched[model] = nil
            let answer = await world.ask("\(name) deletes \(id)") {
                try await $0.deleteDeployment(id, of: model, by: $1)
            }
            if case .acknowledged = answer { world.ledger.deployments[id] = .gone }
        }
    }

    private func deleteModel(_ model: ModelID) async {
        world.excuse(model, "\(name) deletes it")
        let deletion = world.ledger.beginDeletion { $0.model == model }
        defer { world.ledger.endDeletion(deletion) }
        world.ledger.patched[model] = nil
        let deployments = world.records.records.deployments.values.filter { $0.modelID == model }.map(\.id)
        world.ledger.doubt(\.models, model)
        // Also what others make of it meanwhile.
        for (id, fate) in world.ledger.deployments where fate == .there {
            if world.records.records.deployments[id].map({ $0.modelID == model }) ?? true {
                world.ledger.deployments[id] = .unknown
            }
        }
        for key in world.ledger.environments.keys where key.model == model {
            world.ledger.doubt(\.environments, key)
        }
        let answer = await world.ask("\(name) deletes the model") { try await $0.deleteModel(model, by: $1) }
        guard case .acknowledged = answer else { return }
        world.ledger.models[model] = .gone
        for id in deployments { world.ledger.deployments[id] = .gone }
        for key in world.ledger.environments.keys where key.model == model {
            world.ledger.environments[key] = .gone
        }
        self.model = nil
    }

    // MARK: Environments

    private func createEnvironment(_ model: ModelID) async {
        let environment = dice.pick(["staging", "canary"], "\(name)/create") ?? ""
        let key = Ledger.EnvironmentKey(model: model, name: environment)
        if world.ledger.environments[key] != .there { world.ledger.environments[key] = .unknown }
        let answer = await world.ask("\(name) creates \(environment)") {
            try await $0.createEnvironment(
                environment, of: model, autoscaling: AutoscalingChange(),
                promotion: PromotionSettingsChange(),
                by: $1)
        }
        if case .acknowledged = answer { world.ledger.environments[key] = .there }
    }

    private func deleteEnvironment(_ model: ModelID) async {
        let environment = dice.pick(["staging", "canary"], "\(name)/remove") ?? ""
        let key = Ledger.EnvironmentKey(model: model, name: environment)
        world.ledger.doubt(\.environments, key)
        world.ledger.autoscaling[key] = nil
        let deletion = world.ledger.beginDeletion { $0 == key }
        defer { world.ledger.endDeletion(deletion) }
        let answer = await world.ask("\(name) deletes \(environment)") {
            try await $0.deleteEnvironment(environment, of: model, by: $1)
        }
        if case .acknowledged = answer { world.ledger.environments[key] = .gone }
    }

    private func changeAutoscaling(_ model: ModelID) async {
        let key = Ledger.EnvironmentKey(model: model, name: anEnvironment())
        guard let before = world.records.records.environments[key]?.autoscaling else { return }
        var change = AutoscalingChange()
        change.minReplica = dice.number(0...2, "\(name)/scaling/min")
        change.maxReplica = dice.number(2...4, "\(name)/scaling/max")
        change.autoscalingWindow = dice.number(10...60, "\(name)/scaling/window")
        change.scaleDownDelay = dice.number(0...120, "\(name)/scaling/delay")
        change.concurrencyTarget = dice.number(1...3, "\(name)/scaling/target")
        if dice.chance(0.3, "\(name)/scaling/by-tokens") {
            change.targetInFlightTokens = SimulatedGateway.tokensPerCall
        }
        guard let after = try? before.applying(change) else { return }
        world.ledger.autoscaling[key] = [before, after]
        let answer = await world.ask("\(name) sets autoscaling of \(key.name)") {
            try await $0.updateEnvironment(
                key.name, of: model, autoscaling: change, promotion: PromotionSettingsChange(), by: $1)
        }
        switch answer {
        case .acknowledged: world.ledger.autoscaling[key] = [after]
        case .refused: world.ledger.autoscaling[key] = [before]
        case .unknown: break
        }
    }

    private func changePromotionSettings(_ model: ModelID) async {
        let environment = anEnvironment()
        var change = PromotionSettingsChange()
        change.rollingDeploy = dice.chance(0.6, "\(name)/promotion/rolling")
        change.rampUp = dice.chance(0.3, "\(name)/promotion/ramp")
        change.rampUpSeconds = dice.number(10...120, "\(name)/promotion/ramp-time")
        change.redeployOnPromotion = dice.chance(0.3, "\(name)/promotion/redeploy")
        change.cleanup = dice.pick(CleanupStrategy.allCases, "\(name)/promotion/cleanup")
        if dice.chance(0.5, "\(name)/promotion/surges") {
            change.maxSurgePercent = dice.number(1...50, "\(name)/promotion/surge")
        } else {
            change.maxUnavailablePercent = dice.number(1...50, "\(name)/promotion/unavailable")
        }
        change.stabilizationSeconds = dice.number(0...20, "\(name)/promotion/stabilization")
        change.replicaOverheadPercent = dice.chance(0.2, "\(name)/promotion/overhead") ? 50 : 0
        change.gate =
            dice.chance(0.2, "\(name)/promotion/gate")
            ? .set(PromotionGate(command: "check", timeoutSeconds: 30)) : .removed
        change.watch =
            dice.chance(0.3, "\(name)/promotion/watch")
            ? .set(PromotionWatch(durationSeconds: dice.number(10...90, "\(name)/promotion/watch-time")))
            : .removed
        _ = await world.ask("\(name) sets promotion settings of \(environment)") {
            try await $0.updateEnvironment(
                environment, of: model, autoscaling: AutoscalingChange(), promotion: change, by: $1)
        }
    }

    private func signal(_ model: ModelID) async {
        let environment = anEnvironment()
        let signal = dice.pick(PromotionSignal.allCases, "\(name)/signal") ?? .cancel
        await world.signal(signal, in: environment, of: model, as: name)
    }

    // MARK: Choices

    private func anEnvironment() -> String {
        guard let model else { return Environment.production }
        let names = world.records.records.environments.keys.filter { $0.model == model }.map(\.name).sorted()
        return dice.chance(0.6, "\(name)/to-production")
            ? Environment.production
            : dice.pickNamed(names, "\(name)/to", name: \.self) ?? Environment.production
    }

    private func aDeployment(of model: ModelID) -> DeploymentID? {
        world.pickDeployment(of: model, dice, "\(name)/picks")
    }
}

extension Ledger {
    /// Something was acknowledged; unless more is known of it by now.
    mutating func note<Key>(_ fates: WritableKeyPath<Ledger, [Key: Fate]>, _ key: Key) {
        if self[keyPath: fates][key] == nil { self[keyPath: fates][key] = .there }
    }

    /// A call begins that may end it.
    mutating func doubt<Key>(_ fates: WritableKeyPath<Ledger, [Key: Fate]>, _ key: Key) {
        if self[keyPath: fates][key] == .there { self[keyPath: fates][key] = .unknown }
    }
}
