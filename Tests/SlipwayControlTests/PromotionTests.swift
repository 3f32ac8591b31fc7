// Promotions through the façade and the reconcile loop.

import SlipwayCore
import SlipwayGateway
import Testing

@testable import SlipwayControl

@Suite struct PromotionTests {
    @Test("development/promote answers with a building copy of the same image and swaps when it is ready")
    func fromDevelopment() async throws {
        try await World.run { world in
            let development = try await world.push(development: true)
            try await world.reaches(.active, development)
            world.engine.setStartsReady(false)
            let copy = try await world.promote(.development, of: development)
            #expect(copy.id != development.id)
            #expect(copy.status == .building)
            #expect(copy.name == "deployment-1")
            try await world.reaches(.loadingModel, copy)
            #expect(try await world.production(of: copy).current == nil)
            world.engine.ready(world.started(for: copy)[0].replicaID)
            try await world.serves(copy)
            #expect(world.engine.builds.count == 1)
            #expect(try await world.now(copy).imageID == world.now(development).imageID)
            #expect(try await world.now(development).status == .active)
        }
    }

    @Test("production moves in one step; the demoted deployment ends only after its last request")
    func swap() async throws {
        try await World.run { world in
            let first = try await world.push()
            try await world.serves(first)
            let old = world.started(for: first)[0].replicaID
            world.gateway.setInFlight(1, for: old)
            let second = try await world.push(environment: "production")
            try await world.serves(second)
            // No table ever had production nowhere in between.
            try await world.until("the table follows") { world.gateway.productions.last == second.id }
            #expect(world.gateway.productions == [nil, first.id, second.id])
            try await world.reaches(.scaledToZero, first)
            #expect(try await world.now(first).autoscaling.minReplica == 0)
            try await world.until("the old replica leaves the table") {
                world.route(first)?.replicas.isEmpty == true
            }
            world.clock.advance(.seconds(60))
            await world.control.controller.settle()
            #expect(world.running(for: first).map(\.id) == [old])
            world.gateway.setInFlight(0, for: old)
            try await world.until("the old replica ends") { world.running(for: first).isEmpty }
        }
    }

    @Test("with scale_down_previous_production false the demoted deployment goes on running")
    func keepPrevious() async throws {
        try await World.run { world in
            let first = try await world.push()
            try await world.serves(first)
            let second = try await world.push(environment: "production", scaleDownPrevious: false)
            try await world.serves(second)
            await world.control.controller.settle()
            #expect(try await world.now(first).status == .active)
            #expect(world.running(for: first).count == 1)
        }
    }

    @Test("the environment's autoscaling reaches the candidate with the swap and not before")
    func autoscaling() async throws {
        try await World.run { world in
            let first = try await world.push()
            try await world.serves(first)
            try await world.store.write { db in
                var environment = try #require(
                    try db.environment(Environment.production, of: first.modelID))
                environment.autoscaling.minReplica = 2
                environment.autoscaling.maxReplica = 4
                try db.update(environment)
            }
            world.engine.setStartsReady(false)
            let second = try await world.push(environment: "production")
            try await world.until("two replicas start") { world.started(for: second).count == 2 }
            let replicas = world.started(for: second).map(\.replicaID)
            world.engine.ready(replicas[0])
            try await world.reaches(.active, second)
            #expect(try await world.now(second).autoscaling == AutoscalingSettings())
            #expect(try await world.production(of: first).current?.deployment.id == first.id)
            world.engine.ready(replicas[1])
            try await world.serves(second)
            #expect(try await world.now(second).autoscaling.maxReplica == 4)
        }
    }

    @Test("a candidate that fails leaves production as it was, and the reason can be read")
    func failingCandidate() async throws {
        try await World.run { world in
            let first = try await world.push()
            try await world.serves(first)
            world.engine.setStartsReady(false)
            let second = try await world.push(environment: "production")
            try await world.until("its replica starts") { !world.started(for: second).isEmpty }
            world.engine.exit(
                world.started(for: second)[0].replicaID, code: 1, reason: "ValueError: no weights")
            let failed = try await world.reaches(.deployFailed, second)
            #expect(failed.statusReason?.contains("ValueError: no weights") == true)
            try await world.until("the promotion ends") {
                try await !world.production(of: first).isPromoting
            }
            #expect(try await world.production(of: first).current?.deployment.id == first.id)
            #expect(try await world.now(first).status == .active)
            #expect(world.gateway.productions == [nil, first.id])
        }
    }

    @Test("a promotion that only waits writes nothing, and what was read stays good")
    func waiting() async throws {
        try await World.run { world in
            let first = try await world.push()
            try await world.serves(first)
            world.engine.setStartsReady(false)
            let second = try await world.push(environment: Environment.production)
            try await world.reaches(.loadingModel, second)
            for _ in 0..<3 { await world.control.controller.settle() }
            let version = world.store.version
            for _ in 0..<5 { await world.control.controller.settle() }
            #expect(world.store.version == version)
            for replica in world.running(for: second) { world.engine.ready(replica.id) }
            try await world.serves(second)
        }
    }

    @Test("two copies of one second have different names, and copies of copies no longer ones")
    func copyNames() async throws {
        try await World.run { world in
            let first = try await world.push()
            try await world.serves(first)
            var change = PromotionSettingsChange()
            change.redeployOnPromotion = true
            _ = try await world.control.updateEnvironment(
                Environment.production, of: first.modelID, autoscaling: .init(), promotion: change,
                by: world.admin)
            var names = [first.name]
            var source = first
            for _ in 0..<3 {
                source = try await world.promote(.id(source.id), of: first)
                try await world.serves(source)
                names.append(source.name)
            }
            #expect(Set(names).count == 4)
            #expect(names.dropFirst().allSatisfy { $0.utf8.count == "deployment-1.1790000000".utf8.count })
        }
    }

    @Test("a gate's command is refused where no directory of gates is")
    func gateCommand() async throws {
        try await World.run { world in
            let first = try await world.push()
            var change = PromotionSettingsChange()
            change.gate = .set(PromotionGate(command: "check"))
            await #expect(throws: ControlError.self) {
                _ = try await world.control.updateEnvironment(
                    Environment.production, of: first.modelID, autoscaling: .init(), promotion: change,
                    by: world.admin)
            }
            await #expect(throws: ControlError.self) {
                _ = try await world.control.createEnvironment(
                    "staging", of: first.modelID, autoscaling: .init(), promotion: change, by: world.admin)
            }
            change.gate = .set(PromotionGate(url: "https://example.com/"))
            _ = try await world.control.createEnvironment(
                "staging", of: first.modelID, autoscaling: .init(), promotion: change, by: world.admin)
        }
    }

    @Test("a second promotion into the same environment is refused while one runs")
    func promotionDuringPromotion() async throws {
        try await World.run { world in
            let development = try await world.push(development: true)
            try await world.reaches(.active, development)
            world.engine.setStartsReady(false)
            let copy = try await world.promote(.development, of: development)
            let error = await #expect(throws: ControlError.self) {
                _ = try await world.promote(.development, of: development)
            }
            #expect(error?.message.contains("in progress promotion") == true)
            #expect(try await world.control.deployments(of: copy.modelID, named: nil).count == 2)
        }
    }

    @Test("a canceled promotion leaves production alone and ends its copy")
    func cancel() async throws {
        try await World.run { world in
            let development = try await world.push(development: true)
            try await world.reaches(.active, development)
            world.engine.setStartsReady(false)
            let copy = try await world.promote(.development, of: development)
            try await world.reaches(.loadingModel, copy)
            try await world.control.signalPromotion(
                .cancel, in: "production", of: copy.modelID, by: world.admin)
            try await world.until("the copy's replica ends") {
                world.clock.advance(.seconds(1))
                return world.running(for: copy).isEmpty
            }
            let production = try await world.production(of: copy)
            #expect(production.current == nil && !production.isPromoting)
            await #expect(throws: ControlError.self) {
                try await world.control.signalPromotion(
                    .cancel, in: "production", of: copy.modelID, by: world.admin)
            }
        }
    }

    @Test("an older deployment is promoted again without a copy or a build, woken from zero")
    func back() async throws {
        try await World.run { world in
            let first = try await world.push()
            try await world.serves(first)
            let second = try await world.push(environment: "production")
            try await world.serves(second)
            try await world.until("the first one is empty") {
                world.clock.advance(.seconds(1))
                return world.running(for: first).isEmpty
            }
            let again = try await world.promote(.id(first.id), of: first)
            #expect(again.id == first.id)
            try await world.serves(first)
            #expect(world.engine.builds.count == 2)
            #expect(world.started(for: first).count == 2)
        }
    }

    @Test("without a development deployment, of an unknown model, or of a failed one: refused")
    func refused() async throws {
        try await World.run { world in
            let bad = try await world.push("unbuildable")
            try await world.reaches(.buildFailed, bad)
            for selector in [
                DeploymentSelector.development, .id(DeploymentID("unknown")), .id(bad.id), .production,
            ] {
                await #expect(throws: ControlError.self, "\(selector)") {
                    _ = try await world.promote(selector, of: bad)
                }
            }
        }
    }
}
