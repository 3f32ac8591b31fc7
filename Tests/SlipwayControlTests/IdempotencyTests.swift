// Calls with an Idempotency-Key, and plans that change nothing.

import SlipwayCore
import SlipwayTestSupport
import Testing

@testable import SlipwayControl

@Suite struct IdempotencyTests {
    private func caller(_ world: World, _ key: String) -> Caller {
        var caller = world.admin
        caller.idempotencyKey = key
        return caller
    }

    @Test("a promotion with a known key is not made again, also after it has ended")
    func promote() async throws {
        try await World.run { world in
            let development = try await world.push(development: true)
            try await world.reaches(.active, development)
            func promote(_ key: String, _ options: PromoteOptions = .init()) async throws -> DeploymentID {
                try await world.control.promote(
                    .development, of: development.modelID, to: Environment.production, options,
                    by: caller(world, key)
                ).deployment.id
            }
            let first = try await promote("a")
            let again = try await promote("a")
            #expect(first == again)
            try await world.until("it serves") {
                try await world.production(of: development).current?.deployment.id == first
            }
            let later = try await promote("a")
            #expect(later == first)
            await #expect(throws: ControlError.self) {
                _ = try await promote("a", PromoteOptions(scaleDownPrevious: false))
            }
            world.clock.advance(.seconds(25 * 3600))
            let other = try await promote("b")
            #expect(other != first)
            let forgotten = try await world.store.read { db in
                try db.idempotentCall(key: "a", of: world.admin.keyPrefix) == nil
            }
            #expect(forgotten)
        }
    }

    @Test("a push with a known key makes one deployment")
    func push() async throws {
        try await World.run { world in
            let request = PushRequest(
                target: .modelNamed("model", team: nil), archiveKey: try world.archive(), isDevelopment: false
            )
            let first = try await world.control.push(request, by: caller(world, "k"))
            let second = try await world.control.push(request, by: caller(world, "k"))
            #expect(first.deployment.deployment.id == second.deployment.deployment.id)
            #expect(second.model.deploymentsCount == 1)
        }
    }

    @Test(
        "what is stored of a call does not depend on this version's types, and that of earlier ones is still known"
    )
    func canonical() async throws {
        try await World.run { world in
            var request = PushRequest(
                target: .modelNamed("model", team: nil), archiveKey: "k", isDevelopment: false)
            #expect(
                try request.canonical().text
                    == #"{"archive_key":"k","model_name":"model","operation":"push"}"#)
            request.deployTimeoutMinutes = 10
            request.allowsDownload = false
            #expect(
                try request.canonical().text
                    == #"{"allows_download":false,"archive_key":"k","deploy_timeout_minutes":10,"model_name":"model","operation":"push"}"#
            )
            let promote = try PromoteOptions(scaleDownPrevious: false)
                .canonical(.development, of: ModelID("m"), to: "production")
            #expect(
                promote.text
                    == #"{"environment":"production","model_id":"m","operation":"promote","scale_down_previous":false,"source":"development"}"#
            )
            #expect(try promote.matches("promote m development production PromoteOptions(…)"))
            #expect(try !promote.matches("push PushRequest(…)"))
            var settings = PromotionSettingsChange()
            settings.gate = .set(PromotionGate(url: "https://example.com"))
            settings.watch = .removed
            let environment = try CanonicalCall(
                creating: "staging", of: ModelID("m"), AutoscalingChange(), settings, nil)
            #expect(
                environment.text
                    == #"{"gate":{"command":null,"timeout_seconds":300,"url":"https://example.com"},"model_id":"m","name":"staging","operation":"create environment","watch":null}"#
            )
        }
    }

    @Test("a plan says what would happen and what differs, and changes nothing")
    func plan() async throws {
        try await World.run { world in
            let old = try await world.push(extra: "environment_variables:\n  A: '1'\n")
            try await world.serves(old)
            let development = try await world.push(
                development: true, extra: "environment_variables:\n  A: '2'\n")
            try await world.reaches(.active, development)
            let version = world.store.version
            let plan = try await world.control.planPromotion(
                of: .development, of: old.modelID, to: Environment.production, PromoteOptions(),
                by: world.admin)
            #expect(world.store.version == version)
            #expect(plan.action == .copy && plan.previous?.id == old.id && !plan.needsBuild)
            #expect(
                plan.changes == [
                    ConfigChange(path: "environment_variables.A", before: "1", after: "2")
                ])
            #expect(plan.files == FileChanges(changed: ["config.yaml"]))
            #expect(plan.steps.count == 5)
            let deployments = try await world.control.deployments(of: old.modelID, named: nil)
            #expect(deployments.count == 2)
            let same = try await world.control.planPromotion(
                of: .id(old.id), of: old.modelID, to: Environment.production, PromoteOptions(),
                by: world.admin)
            #expect(same.action == .nothing)
            await #expect(throws: ControlError.self) {
                _ = try await world.control.planPromotion(
                    of: .development, of: old.modelID, to: "nowhere", PromoteOptions(), by: world.admin)
            }
        }
    }
}
