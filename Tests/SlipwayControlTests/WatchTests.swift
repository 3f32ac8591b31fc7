// After a promotion: the way back that is kept open, and what takes it.

import SlipwayCore
import SlipwayGateway
import SlipwayTestSupport
import Testing

@testable import SlipwayControl

@Suite struct WatchTests {
    /// Two deployments, the second just promoted with a watch of 60 s and 10 % errors.
    private func run(
        _ body: @escaping @Sendable (World, _ old: Deployment, _ new: Deployment) async throws -> Void
    ) async throws {
        try await World.run { world in
            let old = try await world.push()
            try await world.serves(old)
            var change = PromotionSettingsChange()
            change.watch = .set(PromotionWatch(durationSeconds: 60, maxErrorPercent: 10, minRequests: 20))
            _ = try await world.control.updateEnvironment(
                Environment.production, of: old.modelID, autoscaling: AutoscalingChange(), promotion: change,
                by: world.admin)
            let new = try await world.push(environment: Environment.production)
            try await world.serves(new)
            await world.control.controller.settle()
            try await body(world, old, new)
        }
    }

    private func history(_ world: World, _ deployment: Deployment) async throws -> [Promotion] {
        try await world.control.promotions(into: Environment.production, of: deployment.modelID)
    }

    @Test("while the watch is open the previous deployment stays ready; then it is cleaned up")
    func keeps() async throws {
        try await run { world, old, new in
            #expect(world.running(for: old).count == 1)
            #expect(try await world.now(old).desired == .running)
            #expect(try await history(world, new).first?.isWatched == true)
            world.clock.advance(.seconds(61))
            try await world.reaches(.scaledToZero, old)
            #expect(try await history(world, new).first?.isWatched == false)
            try await world.serves(new)
        }
    }

    @Test("too many failed predictions bring the previous deployment back in one step")
    func errors() async throws {
        try await run { world, old, new in
            world.gateway.set(DeploymentLoad(answered: 100, failed: 10), for: new.id)
            await world.control.controller.settle()
            try await world.serves(new)
            world.gateway.set(DeploymentLoad(answered: 110, failed: 20), for: new.id)
            try await world.until("production goes back") {
                try await world.production(of: old).current?.deployment.id == old.id
            }
            let history = try await history(world, old)
            #expect(history[0].candidateID == old.id && history[0].status == .succeeded)
            #expect(history[0].rollout.note?.contains("failed, more than 10 %") == true)
            #expect(history[1].rollout.note?.hasPrefix("Given back") == true)
            #expect(world.gateway.productions.suffix(2) == [new.id, old.id])
            #expect(world.running(for: old).count == 1, "it never went away")
            try await world.reaches(.scaledToZero, new)
        }
    }

    @Test("a new deployment that dies brings the previous one back")
    func health() async throws {
        try await run { world, old, new in
            world.engine.exit(world.started(for: new)[0].replicaID, code: 139, reason: "it crashed")
            try await world.until("production goes back") {
                try await world.production(of: old).current?.deployment.id == old.id
            }
            #expect(try await history(world, old)[0].rollout.note?.contains("it crashed") == true)
        }
    }

    @Test("errors of the previous deployment, or a deactivated one, bring nothing back")
    func noReason() async throws {
        try await run { world, old, new in
            world.gateway.set(DeploymentLoad(answered: 500, failed: 500), for: old.id)
            await world.control.controller.settle()
            try await world.serves(new)
            try await world.control.deactivate(.id(old.id), of: old.modelID, by: world.admin)
            world.gateway.set(DeploymentLoad(answered: 500, failed: 500), for: new.id)
            try await world.until("the watch ends") { try await !history(world, new)[0].isWatched }
            try await world.serves(new)
        }
    }

    @Test("the next promotion ends the watch of the one before")
    func superseded() async throws {
        try await run { world, old, new in
            let third = try await world.push(environment: Environment.production)
            try await world.reaches(.scaledToZero, old)
            try await world.serves(third)
            let watched = try await history(world, new).map(\.isWatched)
            #expect(watched == [true, false, false])
        }
    }

    @Test("going back by hand keeps the previous deployment's replicas")
    func byHand() async throws {
        try await run { world, old, new in
            let back = try await world.promote(.id(old.id), of: old)
            #expect(back.id == old.id)
            try await world.serves(old)
            #expect(world.started(for: old).count == 1)
        }
    }
}
