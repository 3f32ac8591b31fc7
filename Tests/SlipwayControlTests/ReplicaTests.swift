// What the controller makes of replicas that crash, hang, idle or outlive a server.

import SlipwayCore
import SlipwayGateway
import SlipwayTestSupport
import Testing

@testable import SlipwayControl

@Suite struct ReplicaTests {
    @Test("a replica that dies leaves the table at once, shows UNHEALTHY, and requests wait for the next one")
    func crash() async throws {
        try await World.run { world in
            let deployment = try await world.push()
            try await world.serves(deployment)
            let replica = world.started(for: deployment)[0].replicaID
            world.engine.setStartsReady(false)
            world.engine.exit(replica, code: 137, reason: "killed")
            let sick = try await world.reaches(.unhealthy, deployment)
            #expect(sick.statusReason?.contains("killed") == true)
            try await world.until("the next one is started") { world.started(for: deployment).count == 2 }
            #expect(world.route(deployment)?.replicas.isEmpty == true)
            #expect(world.route(deployment)?.availability == .open)
            #expect(world.engine.stopped.contains(replica))
        }
    }

    @Test("requests are refused when the next replica fails too, until one is ready")
    func crashLoop() async throws {
        try await World.run { world in
            let deployment = try await world.push()
            try await world.serves(deployment)
            world.engine.setStartsReady(false)
            world.engine.exit(world.started(for: deployment)[0].replicaID, code: 137, reason: "killed")
            try await world.until("the next one is started") { world.started(for: deployment).count == 2 }
            world.engine.exit(world.started(for: deployment)[1].replicaID, code: 1, reason: "again")
            try await world.until("it is refused") {
                if case .refused(let error) = world.route(deployment)?.availability {
                    error.status == 500
                } else {
                    false
                }
            }
            world.engine.setStartsReady(true)
            world.clock.advance(.seconds(3))
            try await world.reaches(.active, deployment)
            try await world.until("it is open") { world.route(deployment)?.availability == .open }
        }
    }

    @Test("a model that hangs past the deploy timeout fails with that reason and its replica is ended")
    func hang() async throws {
        try await World.run { world in
            world.engine.setStartsReady(false)
            let deployment = try await world.push()
            try await world.reaches(.loadingModel, deployment)
            world.clock.advance(.seconds(3599))
            await world.control.controller.settle()
            #expect(try await world.now(deployment).status == .loadingModel)
            world.clock.advance(.seconds(1))
            let failed = try await world.reaches(.deployFailed, deployment)
            #expect(failed.statusReason?.contains("3600 s") == true)
            try await world.until("the replica ends") {
                world.clock.advance(.seconds(1))
                return world.running(for: deployment).isEmpty
            }
        }
    }

    @Test("an idle deployment goes to zero after its delay; a request that waits starts one replica")
    func idleAndWake() async throws {
        try await World.run { world in
            let deployment = try await world.push()
            try await world.serves(deployment)
            world.clock.advance(.seconds(901))
            try await world.reaches(.scaledToZero, deployment)
            try await world.until("nothing runs") {
                world.clock.advance(.seconds(1))
                return world.running(for: deployment).isEmpty
            }
            if case .open = world.route(deployment)?.availability {
            } else {
                Issue.record("a deployment at zero holds requests")
            }
            world.inbox.demand(for: deployment.id)
            try await world.reaches(.active, deployment)
            #expect(world.running(for: deployment).count == 1)
        }
    }

    @Test("going to sleep and waking up are decisions that can be read")
    func idleDecisions() async throws {
        try await World.run { world in
            let deployment = try await world.push()
            try await world.serves(deployment)
            world.clock.advance(.seconds(901))
            try await world.reaches(.scaledToZero, deployment)
            world.inbox.demand(for: deployment.id)
            try await world.reaches(.active, deployment)
            let decisions = try await world.control.scalingDecisions(
                of: deployment.id, model: deployment.modelID)
            #expect(decisions.map { [$0.from, $0.to] } == [[0, 1], [1, 0]])
            #expect(
                decisions.map(\.reason) == ["a request or a wake call came", "no request for 900 s"])
        }
    }

    @Test(
        "a replica that is ended by a call leaves the table, another one comes, and a restart does not forget it"
    )
    func terminate() async throws {
        let directory = try Directory()
        let clock = ManualClock()
        let engine = ScriptedEngine()
        try await World.run(in: directory.path, engine: engine, clock: clock) { world in
            let deployment = try await world.push()
            try await world.serves(deployment)
            let first = world.started(for: deployment)[0].replicaID
            await #expect(throws: ControlError.self) {
                try await world.control.terminate(
                    ReplicaID("nosuch"), of: deployment.id, model: deployment.modelID, by: world.admin)
            }
            world.gateway.setInFlight(1, for: first)
            try await world.control.terminate(
                first, of: deployment.id, model: deployment.modelID, by: world.admin)
            try await world.until("another one serves") {
                world.route(deployment)?.replicas.contains { $0.replicaID != first } == true
            }
            #expect(world.route(deployment)?.replicas.contains { $0.replicaID == first } == false)
            #expect(world.running(for: deployment).contains { $0.id == first })
            await #expect(throws: ControlError.self) {
                try await world.control.terminate(
                    first, of: deployment.id, model: deployment.modelID, by: world.admin)
            }
            let events = try await world.store.read {
                try $0.auditEvents(AuditFilter(), ascending: false, after: nil, limit: 1)
            }
            #expect(events.map(\.type) == ["REPLICA_TERMINATED"])
        }
        let again = ScriptedEngine(running: engine.running, images: engine.images)
        try await World.run(in: directory.path, engine: again, clock: clock) { world in
            try await world.until("the ended one is stopped") {
                clock.advance(.seconds(1))
                return again.stopped.count == 1
            }
            #expect(again.started.isEmpty && again.running.count == 1)
        }
    }

    @Test("deactivation drains, refuses requests, and activation deploys the same image again")
    func deactivate() async throws {
        try await World.run { world in
            let deployment = try await world.push()
            try await world.serves(deployment)
            try await world.control.deactivate(
                .id(deployment.id), of: deployment.modelID, by: world.admin)
            #expect(try await world.now(deployment).status == .deactivating)
            try await world.until("it is inactive") {
                world.clock.advance(.seconds(1))
                return try await world.now(deployment).status == .inactive
            }
            guard case .refused = world.route(deployment)?.availability else {
                Issue.record("an inactive deployment refuses requests")
                return
            }
            world.inbox.demand(for: deployment.id)
            await world.control.controller.settle()
            #expect(world.running(for: deployment).isEmpty)
            try await world.control.activate(.id(deployment.id), of: deployment.modelID, by: world.admin)
            try await world.reaches(.active, deployment)
            #expect(world.engine.builds.count == 1)
        }
    }

    @Test("retry builds a failed build again")
    func retry() async throws {
        try await World.run { world in
            let deployment = try await world.push("unbuildable")
            try await world.reaches(.buildFailed, deployment)
            let outcome = try await world.control.retry(
                .id(deployment.id), of: deployment.modelID, by: world.admin)
            #expect(outcome.retried)
            try await world.until("it is built again") { world.engine.builds.count == 2 }
            try await world.reaches(.buildFailed, deployment)
        }
    }

    @Test("a restart adopts what runs, starts nothing twice and goes on with a promotion where it was")
    func restart() async throws {
        let directory = try Directory()
        let clock = ManualClock()
        let first = ScriptedEngine()
        try await World.run(in: directory.path, engine: first, clock: clock) { world in
            let production = try await world.push()
            try await world.serves(production)
            world.engine.setStartsReady(false)
            let candidate = try await world.push(environment: "production")
            try await world.reaches(.loadingModel, candidate)
        }
        let second = ScriptedEngine(running: first.running, images: first.images)
        try await World.run(in: directory.path, engine: second, clock: clock) { world in
            let model = try #require(try await world.control.models(team: nil).first)
            let deployments = try await world.control.deployments(of: model.model.id, named: nil)
                .map(\.deployment)
            let production = try #require(deployments.first { $0.name == "deployment-1" })
            let candidate = try #require(deployments.first { $0.name == "deployment-2" })
            #expect(production.status == .active)
            // Before the first request could come: adopt() has published.
            #expect(world.route(production)?.replicas.count == 1)
            await world.control.controller.settle()
            #expect(second.started.isEmpty && second.builds.isEmpty)
            second.ready(try #require(world.running(for: candidate).first).id)
            try await world.serves(candidate)
        }
        withExtendedLifetime(directory) {}
    }

    @Test("a restart during a build builds again")
    func restartDuringBuild() async throws {
        let directory = try Directory()
        let first = ScriptedEngine()
        first.holdBuilds()
        try await World.run(in: directory.path, engine: first) { world in
            let deployment = try await world.push()
            try await world.until("the build starts") { first.builds.count == 1 }
            #expect(try await world.now(deployment).status == .building)
            Task {
                // The process would be gone; here its build must not hold the test.
                try await Task.sleep(for: .milliseconds(50))
                first.releaseBuilds()
            }
        }
        let second = ScriptedEngine()
        try await World.run(in: directory.path, engine: second) { world in
            let model = try #require(try await world.control.detailedModels(team: nil).first)
            try await world.serves(try #require(model.deployments.first).deployment)
            #expect(second.builds.count == 1)
        }
        withExtendedLifetime(directory) {}
    }
}

@Suite struct EnvironmentNameTests {
    @Test(
        "a replica learns the environment it serves, also when it is promoted as it is and when it is replaced"
    )
    func names() async throws {
        try await World.run { world in
            let first = try await world.push()
            try await world.serves(first)
            let replica = world.started(for: first)[0].replicaID
            try await world.until("it knows") { world.engine.environments[replica] == "production" }
            let second = try await world.push("model")
            try await world.reaches(.active, second)
            let other = world.started(for: second)[0].replicaID
            #expect(world.engine.environments[other] == nil)
            let promoted = try await world.promote(.id(second.id), of: second)
            #expect(promoted.id == second.id, "it is promoted as it is")
            try await world.serves(second)
            try await world.until("both know") {
                world.engine.environments[other] == "production" && world.engine.environments[replica] == nil
            }
            #expect(world.started(for: second).count == 1)
        }
    }
}
