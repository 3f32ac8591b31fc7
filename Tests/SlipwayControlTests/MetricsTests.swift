// What the metrics keeper measures, stores and answers.

import Foundation
import SlipwayCore
import SlipwayTestSupport
import Testing

@testable import SlipwayControl

@Suite struct MetricsTests {
    @Test(
        "minutes are stored as they end; the one under way is answered from memory; counts add up over both")
    func minutes() async throws {
        try await World.run { world in
            let deployment = try await world.push()
            try await world.serves(deployment)
            let start = world.clock.now.minute
            for status in [200, 200, 500] { world.record(status, for: deployment) }
            await world.control.metrics.read()
            world.clock.advance(.seconds(60))
            await world.control.metrics.read()
            world.record(200, for: deployment)
            let stored = try await world.store.read {
                try $0.samples(of: deployment.id, from: start, to: start + .seconds(600))
            }
            #expect(stored.map(\.minute) == [start])
            let window = MetricsWindow(start: start + .seconds(-60), end: world.clock.now + .seconds(1))
            let series = try await world.control.metrics(
                of: deployment.id, model: deployment.modelID,
                MetricsQuery(mode: .series(window), metrics: [.requests, .replicasActive, .cpuSeconds]))
            #expect(series.points.map { $0.values[0][0] } == [nil, 2, 1])
            #expect(series.points.map { $0.values[0][2] } == [nil, 1, 0])
            #expect(series.points.map { $0.values[1][0] } == [nil, 1, 1])
            #expect(series.points.compactMap { $0.values[2][0] }.reduce(0, +) == 2)
            let summary = try await world.control.environmentMetrics(
                Environment.production, of: deployment.modelID,
                MetricsQuery(mode: .summary(window), metrics: [.requests]))
            #expect(summary.points.map(\.values) == [[[3, 0, 1]]])
        }
    }

    @Test("samples older than seven days are forgotten")
    func retention() async throws {
        try await World.run { world in
            let deployment = try await world.push()
            try await world.serves(deployment)
            let start = world.clock.now.minute
            await world.control.metrics.read()
            for step: Int64 in [60, 7 * 24 * 3600 + 60] {
                world.clock.advance(.seconds(step))
                await world.control.metrics.read()
            }
            let stored = try await world.store.read {
                try $0.samples(of: deployment.id, from: start, to: start + .seconds(60))
            }
            #expect(stored.isEmpty)
        }
    }

    @Test("what an adopted replica used before this process is not counted again")
    func adoptedProcessorTime() async throws {
        let directory = try Directory()
        let (clock, engine) = (ManualClock(), ScriptedEngine())
        @Sendable func seconds(_ world: World, _ deployment: Deployment) async throws -> Double {
            await world.control.metrics.read()
            let answer = try await world.control.metrics(
                of: deployment.id, model: deployment.modelID,
                MetricsQuery(mode: .current, metrics: [.cpuSeconds]))
            return (answer.points.first?.values.first?.first ?? 0) ?? 0
        }
        try await World.run(in: directory.path, engine: engine, clock: clock) { world in
            let deployment = try await world.push()
            try await world.serves(deployment)
            #expect(try await seconds(world, deployment) == 2)
        }
        // What the first process stored is in a minute of its own.
        clock.advance(.seconds(300))
        let again = ScriptedEngine(running: engine.running, images: engine.images)
        try await World.run(in: directory.path, engine: again, clock: clock) { world in
            let all = try await world.store.read { try $0.deployments() }
            let deployment = try #require(all.first)
            #expect(try await seconds(world, deployment) == 0)
            // Not ready at once: the deployment would be UNHEALTHY for too short a time to be seen.
            again.setStartsReady(false)
            again.exit(try #require(again.running.first).id, code: 1, reason: "gone")
            try await world.reaches(.unhealthy, deployment)
            try await world.until("the next one is started") { world.started(for: deployment).count == 1 }
            again.ready(world.started(for: deployment)[0].replicaID)
            try await world.reaches(.active, deployment)
            #expect(try await seconds(world, deployment) == 2)
        }
    }

    @Test("a replica that ends by itself counts as a restart; one that was stopped does not")
    func restarts() async throws {
        try await World.run { world in
            let deployment = try await world.push()
            try await world.serves(deployment)
            world.engine.setStartsReady(false)
            world.engine.exit(world.started(for: deployment)[0].replicaID, code: 1, reason: "gone")
            try await world.reaches(.unhealthy, deployment)
            let answer = try await world.control.metrics(
                of: deployment.id, model: deployment.modelID,
                MetricsQuery(mode: .current, metrics: [.restarts, .replicasActive]))
            #expect(answer.points.map(\.values) == [[[1], [0]]])
        }
    }
}

extension World {
    fileprivate func record(_ status: Int, for deployment: Deployment) {
        gateway.traffic.record(
            EndedRequest(
                kind: RequestKind(status: status, isAsync: false), duration: .milliseconds(5),
                firstByte: .milliseconds(4), requestBytes: 2, responseBytes: 2), of: deployment.id)
    }
}
