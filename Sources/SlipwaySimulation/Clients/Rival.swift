// Somebody else who works on the same models at the same time and asks nobody.

import SlipwayControl
import SlipwayCore

struct Rival: @unchecked Sendable {
    let world: World

    func work() async {
        let dice = world.clientDice
        while !Task.isCancelled {
            try? await world.scheduler.sleep(dice.span(.seconds(1), .seconds(120), "rival/pause"))
            let records = world.records.records
            guard
                let model = dice.pickNamed(
                    records.models.sorted(), "rival/model", name: { world.name(of: $0) }),
                let id = world.pickDeployment(of: model, dice, "rival/picks"),
                let environment = dice.pickNamed(
                    records.environments.keys.filter { $0.model == model }.map(\.name).sorted(),
                    "rival/to", name: \.self)
            else { continue }
            switch dice.number(0...2, "rival/step") {
            case 0:
                _ = await world.promote(.id(id), of: model, to: environment, PromoteOptions(), as: "a rival")
            case 1:
                let signal = dice.pick(PromotionSignal.allCases, "rival/signal") ?? .cancel
                await world.signal(signal, in: environment, of: model, as: "a rival")
            default:
                world.excuse(id, "a rival deletes it")
                world.ledger.doubt(\.deployments, id)
                world.ledger.patched[model] = nil
                let answer = await world.ask("a rival deletes \(id)") {
                    try await $0.deleteDeployment(id, of: model, by: $1)
                }
                if case .acknowledged = answer { world.ledger.deployments[id] = .gone }
            }
        }
    }
}
