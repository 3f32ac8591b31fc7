// What the controller makes of a machine that cannot start anything now, or does not have what was built.

import SlipwayCore
import SlipwayEngine
import SlipwayLogs
import SlipwayTestSupport
import Synchronization
import Testing

@testable import SlipwayControl

@Suite struct MachineFaultTests {
    @Test("a deployment whose replica cannot be started for want of processes goes on when there are some")
    func forkFailure() async throws {
        try await World.run { world in
            world.engine.failStarts(with: StartFailure(reason: "Resource unavailable", cause: .machine))
            let deployment = try await world.push()
            try await world.until("the reason is told") {
                try await world.now(deployment).statusReason?.contains("Resource unavailable") == true
            }
            #expect(try await world.now(deployment).status == .deploying)
            for _ in 0..<20 {
                world.clock.advance(.seconds(5))
                await world.control.controller.settle()
            }
            #expect(try await world.now(deployment).status == .deploying)
            world.engine.failStarts(with: nil)
            try await world.until("it is started") {
                world.clock.advance(.seconds(5))
                return try await world.now(deployment).status == .active
            }
        }
    }

    @Test("a build that the machine cannot carry out now waits, says so in the log, and is carried out later")
    func buildShortage() async throws {
        try await World.run { world in
            world.engine.failBuilds(with: StartFailure(reason: "Resource unavailable", cause: .machine))
            let deployment = try await world.push()
            for _ in 0..<5 {
                let before = world.engine.builds.count
                try await world.until("it is tried again") {
                    world.clock.advance(.seconds(5))
                    return world.engine.builds.count > before
                }
            }
            #expect(try await world.now(deployment).status == .building)
            let lines = try await world.control.logs(
                of: deployment.id, model: deployment.modelID, LogQuery(start: 0, end: .max, limit: 1000))
            let told = lines.entries.map(\.message).filter { $0.contains("Resource unavailable") }
            #expect(told == ["The build waits: Resource unavailable"])
            world.engine.failBuilds(with: nil)
            try await world.until("it is built") {
                world.clock.advance(.seconds(5))
                return try await world.now(deployment).status == .active
            }
        }
    }

    @Test("a deployment that cannot be started for a reason of its own fails at once")
    func ownFault() async throws {
        try await World.run { world in
            world.engine.failStarts(with: StartFailure(reason: "no such instance type"))
            let failed = try await world.reaches(.deployFailed, try await world.push())
            #expect(failed.statusReason?.contains("no such instance type") == true)
        }
    }

    @Test(
        "on a machine without the images, deployments are built again from their archives when they are to run"
    )
    func otherMachine() async throws {
        let directory = try Directory()
        let clock = ManualClock()
        let first = ScriptedEngine()
        try await World.run(in: directory.path, engine: first, clock: clock) { world in
            let deployment = try await world.push("serving")
            try await world.serves(deployment)
            let idle = try await world.push("idle")
            try await world.serves(idle)
            try await world.control.deactivate(.id(idle.id), of: idle.modelID, by: world.admin)
            try await world.until("it is inactive") {
                clock.advance(.seconds(1))
                return try await world.now(idle).status == .inactive
            }
        }
        let second = ScriptedEngine()
        second.holdBuilds()
        try await World.run(in: directory.path, engine: second, clock: clock) { world in
            let models = try await world.control.models(team: nil).map(\.model)
            let serving = try #require(models.first { $0.name == "serving" })
            let deployment = try #require(
                try await world.control.deployments(of: serving.id, named: nil).first?.deployment)
            let building = try await world.reaches(.building, deployment)
            #expect(building.statusReason?.contains("not on this machine") == true)
            if case .open = world.route(deployment)?.availability {
            } else {
                Issue.record("requests are held while it is built again")
            }
            second.releaseBuilds()
            try await world.reaches(.active, deployment)
            #expect(second.builds.map(\.modelName) == ["serving"])
            #expect(try await world.production(of: deployment).current?.deployment.id == deployment.id)
        }
        withExtendedLifetime(directory) {}
    }

    /// A deployment whose replica serves, and whose image is gone.
    private func servesWithoutImage(_ world: World) async throws -> (Deployment, ReplicaID) {
        let deployment = try await world.push()
        try await world.serves(deployment)
        for image in world.engine.images { await world.engine.removeImage(image.id) }
        world.engine.failStarts(with: StartFailure(reason: "no image", cause: .image))
        return (deployment, world.started(for: deployment)[0].replicaID)
    }

    @Test(
        "a replica of an image that vanished under the server is not started over and over: the image is built"
    )
    func vanishedImage() async throws {
        try await World.run { world in
            let (deployment, replica) = try await servesWithoutImage(world)
            world.engine.exit(replica, code: 1, reason: "crash")
            try await world.until("it is built again") {
                world.clock.advance(.seconds(1))
                if world.engine.builds.count == 2 { world.engine.failStarts(with: nil) }
                return world.engine.builds.count == 2 && !world.engine.images.isEmpty
            }
            try await world.until("it serves") {
                world.clock.advance(.seconds(1))
                return try await world.now(deployment).status == .active
            }
        }
    }

    @Test("an image that vanished while a replica serves is built beside it when another one is wanted")
    func vanishedBesideReplica() async throws {
        try await World.run { world in
            let (deployment, replica) = try await servesWithoutImage(world)
            try await world.store.write { db in
                var current = try #require(try db.deployment(deployment.id))
                current.autoscaling.minReplica = 2
                current.autoscaling.maxReplica = 2
                try db.update(current)
            }
            world.engine.failBuilds(with: StartFailure(reason: "no room", cause: .machine))
            try await world.until("it is built again") {
                world.clock.advance(.seconds(5))
                return world.engine.builds.count >= 3
            }
            #expect(try await world.now(deployment).status == .active)
            #expect(world.route(deployment)?.replicas.map(\.replicaID) == [replica])
            world.engine.failBuilds(with: nil)
            world.engine.failStarts(with: nil)
            try await world.until("both serve") {
                world.clock.advance(.seconds(5))
                return world.route(deployment)?.replicas.count == 2
            }
            #expect(!world.engine.stopped.contains(replica))
        }
    }

    @Test("images that cannot be read for a while are not taken for lost: nothing is built again")
    func unreadableImages() async throws {
        let directory = try Directory()
        let clock = ManualClock()
        let first = ScriptedEngine()
        let pushed = Mutex<Deployment?>(nil)
        try await World.run(in: directory.path, engine: first, clock: clock) { world in
            let deployment = try await world.push()
            try await world.serves(deployment)
            pushed.withLock { $0 = deployment }
        }
        let deployment = try #require(pushed.withLock { $0 })
        let second = ScriptedEngine(images: first.images)
        let failure = StartFailure(reason: "Too many open files", cause: .machine)
        second.failImages(with: failure)
        second.failStarts(with: failure)
        try await World.run(in: directory.path, engine: second, clock: clock) { world in
            try await world.until("the reason is told") {
                clock.advance(.seconds(1))
                return try await world.now(deployment).statusReason?.contains("Too many open files") == true
            }
            second.failImages(with: nil)
            second.failStarts(with: nil)
            try await world.until("it serves again") {
                clock.advance(.seconds(5))
                return try await world.now(deployment).status == .active && !second.running.isEmpty
            }
            #expect(second.builds.isEmpty)
            #expect(try await world.now(deployment).imageID == first.images.first?.id)
        }
        withExtendedLifetime(directory) {}
    }
}
