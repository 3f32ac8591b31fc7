// Those who use the models: predictions through environments, in calm and in bursts, and asynchronous requests.

import SlipwayControl
import SlipwayCore

struct Callers: @unchecked Sendable {
    let world: World

    /// Predictions; each one is a task of its own.
    func call() async {
        let dice = world.loadDice
        await withDiscardingTaskGroup { group in
            while !Task.isCancelled {
                let mean =
                    dice.pick(
                        [Duration.milliseconds(200), .milliseconds(500), .seconds(3), .seconds(60)],
                        "calls/rate")
                    ?? .seconds(1)
                for _ in 0..<dice.number(1...(mean == .seconds(60) ? 3 : 60), "calls/burst") {
                    try? await world.scheduler.sleep(dice.pause(mean: mean, "calls/pause"))
                    if Task.isCancelled { break }
                    guard
                        let key = world.pickEnvironment(dice, "calls/to"),
                        world.records.records.environments[key]?.currentDeploymentID != nil,
                        let server = world.server, server.caller != nil
                    else { continue }
                    group.addTask {
                        let began = world.scheduler.elapsed
                        let outcome = await server.gateway.call(key.model, key.name)
                        world.routing.ended(outcome, key, began: began)
                    }
                }
            }
        }
    }

    func submit() async {
        let dice = world.loadDice
        while !Task.isCancelled {
            try? await world.scheduler.sleep(dice.pause(mean: .seconds(8), "async/pause"))
            guard let key = world.pickEnvironment(dice, "async/to"),
                let submission = try? AsyncSubmission(
                    input: Array("{}".utf8),
                    webhook: dice.chance(0.5, "async/webhook") ? "https://hook.test/result" : nil,
                    priority: dice.number(0...2, "async/priority"),
                    maxTimeInQueue: dice.number(10...600, "async/queue-time"),
                    maxAttempts: dice.number(1...3, "async/attempts"), initialDelay: 100, maxDelay: 2000)
            else { continue }
            let answer = await world.ask("submit to \(key.name)") {
                try await $0.submit(submission, to: .environment(key.name), of: key.model, by: $1)
            }
            guard let id = answer.value else { continue }
            world.ledger.submitted[id] = key.model
            guard dice.chance(0.2, "async/cancels") else { continue }
            try? await world.scheduler.sleep(dice.span(.milliseconds(1), .seconds(10), "async/cancels-after"))
            let cancellation = await world.ask("cancel \(id)") {
                try await $0.cancelAsyncRequest(id, of: key.model, by: $1).canceled
            }
            if cancellation.value == true { world.ledger.canceled.insert(id) }
        }
    }
}
