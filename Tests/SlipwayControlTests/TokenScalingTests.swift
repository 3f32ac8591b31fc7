// Replicas that follow tokens in flight, from the gateway's count to the decision and the metric.

import SlipwayCore
import SlipwayGateway
import Testing

@testable import SlipwayControl

@Suite struct TokenScalingTests {
    /// Time goes on by ten seconds with one request and 250 tokens in flight.
    private func work(_ world: World, _ deployment: Deployment, from begin: Timestamp) {
        world.clock.advance(.seconds(10))
        let seconds = (world.clock.now - begin) / .seconds(1)
        world.gateway.set(
            DeploymentLoad(
                inFlight: 1, lastActivity: world.clock.now, requestSeconds: seconds, tokens: 250,
                tokenSeconds: 250 * seconds), for: deployment.id)
    }

    private func settings(tokens: Int?) -> AutoscalingChange {
        var change = AutoscalingChange()
        (change.maxReplica, change.concurrencyTarget, change.autoscalingWindow) = (5, 10, 10)
        change.targetInFlightTokens = tokens
        return change
    }

    @Test("tokens call for replicas that requests alone do not, and the decision and the metric say so")
    func scales() async throws {
        try await World.run { world in
            let deployment = try await world.push()
            try await world.serves(deployment)
            #expect(world.route(deployment)?.targetInFlightTokens == nil)
            _ = try await world.control.updateEnvironment(
                Environment.production, of: deployment.modelID, autoscaling: settings(tokens: nil),
                promotion: PromotionSettingsChange(), by: world.admin)
            let begin = world.clock.now
            for _ in 0..<3 {
                work(world, deployment, from: begin)
                await world.control.controller.settle()
            }
            #expect(world.running(for: deployment).count == 1)
            _ = try await world.control.updateEnvironment(
                Environment.production, of: deployment.modelID, autoscaling: settings(tokens: 100),
                promotion: PromotionSettingsChange(), by: world.admin)
            try await world.until("three replicas run") {
                work(world, deployment, from: begin)
                return world.running(for: deployment).count == 3
            }
            #expect(world.route(deployment)?.targetInFlightTokens == 100)
            let decision = try await world.store.read { try $0.scalingDecisions(of: deployment.id, limit: 1) }
            #expect(decision.first?.to == 3)
            #expect(decision.first?.reason.hasPrefix("250.0 tokens in flight") == true)
            #expect(decision.first?.reason.hasSuffix("1.0 requests call for 1") == true)
            let reading = await world.control.metrics.reading()
            #expect(reading.gauges[deployment.id]?[.tokensInFlight] == 250)
        }
    }

    @Test("a schedule's target counts while it holds")
    func scheduled() async throws {
        try await World.run { world in
            let deployment = try await world.push()
            try await world.serves(deployment)
            var overrides = AutoscalingOverrides(minReplica: 0, maxReplica: 5)
            (overrides.concurrencyTarget, overrides.targetInFlightTokens) = (10, 100)
            overrides.autoscalingWindow = 10
            // The clock of these tests shows 14:13:20 UTC on a Monday.
            var change = AutoscalingSchedulesChange()
            change.timezone = .set("UTC")
            change.creations = [
                AutoscalingSchedule(
                    id: "s1", name: "afternoon", isEnabled: true, cadence: .daily, weekdays: [.monday],
                    startHour: 14, startMinute: 0, endHour: 16, endMinute: 0, overrides: overrides)
            ]
            _ = try await world.control.updateEnvironment(
                Environment.production, of: deployment.modelID, autoscaling: AutoscalingChange(),
                promotion: PromotionSettingsChange(), schedules: change, by: world.admin)
            try await world.until("tokens are counted") {
                world.route(deployment)?.targetInFlightTokens == 100
            }
            let begin = world.clock.now
            try await world.until("three replicas run") {
                work(world, deployment, from: begin)
                return world.running(for: deployment).count == 3
            }
        }
    }

    @Test("where no tokens are counted there is no metric of them")
    func noMetric() async throws {
        try await World.run { world in
            let deployment = try await world.push()
            try await world.serves(deployment)
            world.gateway.set(DeploymentLoad(inFlight: 1, requestSeconds: 5), for: deployment.id)
            let reading = await world.control.metrics.reading()
            #expect(reading.gauges[deployment.id]?[.concurrentRequests] != nil)
            #expect(reading.gauges[deployment.id]?[.tokensInFlight] == nil)
        }
    }
}
