// Pushes: what they make, what they refuse, and that a refusal leaves nothing.

import Foundation
import SlipwayCore
import SlipwayEngine
import SlipwayTestSupport
import Testing

@testable import SlipwayControl

@Suite struct PushTests {
    @Test("the first published deployment becomes production by itself, and only once it is ready")
    func firstPush() async throws {
        try await World.run { world in
            world.engine.setStartsReady(false)
            let deployment = try await world.push()
            #expect(deployment.name == "deployment-1")
            try await world.reaches(.loadingModel, deployment)
            let before = try await world.production(of: deployment)
            #expect(before.current == nil)
            #expect(before.candidate?.deployment.id == deployment.id)
            #expect(before.isPromoting)
            world.engine.ready(world.started(for: deployment)[0].replicaID)
            try await world.reaches(.active, deployment)
            try await world.serves(deployment)
            #expect(world.started(for: deployment)[0].environmentName == "production")
        }
    }

    @Test("a development push never becomes production and keeps its id when it is pushed again")
    func development() async throws {
        try await World.run { world in
            let first = try await world.push(development: true)
            try await world.reaches(.active, first)
            let replica = world.started(for: first)[0].replicaID
            world.engine.holdBuilds()
            let again = try await world.push(development: true, extra: "description: second\n")
            #expect(again.id == first.id)
            #expect(again.archiveKey != first.archiveKey)
            #expect(try await world.now(first).status == .building)
            // The old code answers while the new one is built.
            #expect(world.route(first)?.replicas.map(\.replicaID) == [replica])
            world.engine.releaseBuilds()
            try await world.reaches(.active, first)
            try await world.until("the old replica leaves") {
                world.clock.advance(.seconds(1))
                return world.engine.stopped.contains(replica)
            }
            #expect(world.running(for: first).count == 1)
            #expect(try await world.production(of: first).current == nil)
        }
    }

    @Test("a failed build says why and frees production for the next push")
    func failedBuild() async throws {
        try await World.run { world in
            let bad = try await world.push("unbuildable")
            let failed = try await world.reaches(.buildFailed, bad)
            #expect(failed.statusReason == "The model is unbuildable.")
            try await world.until("the promotion ends") {
                try await !world.production(of: bad).isPromoting
            }
            #expect(try await world.production(of: bad).current == nil)
            #expect(world.started(for: bad).isEmpty)
        }
    }

    @Test(
        "a bad push names what is wrong and makes nothing",
        arguments: [
            ("model_name: m\nresources: {cpu: many}\n", "cpu"),
            ("model_name: m\npython_vershion: py311\n", "line 2"),
            ("model_name: m\nresources: {accelerator: 'H100:8'}\n", "instance type"),
            ("model_name: [\n", "config.yaml"),
        ])
    func badConfig(config: String, says: String) async throws {
        try await World.run { world in
            let key = "archive"
            try Data(Self.archive(config)).write(to: URL(fileURLWithPath: "\(world.directory)/\(key)"))
            let request = PushRequest(
                target: .modelNamed("m", team: nil), archiveKey: key, isDevelopment: false)
            let error = await #expect(throws: ControlError.self) {
                try await world.control.push(request, by: world.admin)
            }
            #expect(error?.message.contains(says) == true, "\(String(describing: error))")
            #expect(try await world.control.models(team: nil).isEmpty)
        }
    }

    @Test("a push is told what the official package says of its config, with lines, and what is missing")
    func officialReader() async throws {
        try await World.run { world in
            func push(_ config: String) async throws -> PushOutcome {
                let key = "archive-\(UUID().uuidString.prefix(8))"
                try Data(Self.archive(config)).write(to: URL(fileURLWithPath: "\(world.directory)/\(key)"))
                return try await world.control.push(
                    PushRequest(target: .modelNamed("m", team: nil), archiveKey: key, isDevelopment: false),
                    by: world.admin)
            }
            let good = "model_name: m\nsecrets:\n  token: null\nlive_reload: yes\n"
            world.engine.reads(
                good,
                as: .success(
                    ConfigReading(
                        json: #"{"model_name":"m","secrets":{"token":null},"live_reload":true}"#,
                        namesPythonVersion: false, warnings: ["from upstream"])))
            let made = try await push(good)
            #expect(made.warnings.count == 3)
            #expect(made.warnings[0] == "from upstream")
            #expect(made.warnings[1].hasPrefix("live_reload (line 4, column 1): has no effect"))
            #expect(made.warnings[2] == "secrets.token (line 3, column 3): there is no such secret yet")
            #expect(made.deployment.deployment.configJSON.contains(#""live_reload":true"#))
            let bad = "model_name: m\nresources:\n  cpu: 1\n"
            world.engine.reads(
                bad,
                as: .failure(
                    ConfigRejection(problems: [.init(path: ["resources", "cpu"], message: "not so")])))
            let refused = await #expect(throws: ControlError.self) { try await push(bad) }
            #expect(refused?.message == "config.yaml: resources.cpu (line 3, column 3): not so")
            world.engine.failReading(with: StartFailure(reason: "The tools are not there.", cause: .machine))
            let later = await #expect(throws: ControlError.self) {
                try await push("model_name: m\n# other\n")
            }
            guard case .unavailable? = later else {
                Issue.record("\(String(describing: later))")
                return
            }
            #expect(later?.message.contains("The tools are not there.") == true)
        }
    }

    static func archive(_ config: String) -> [UInt8] {
        Tar.archive([("config.yaml", config), ("model/model.py", "")])
    }

    @Test("names, timeouts, targets and archives out of range are refused before anything is stored")
    func badRequests() async throws {
        try await World.run { world in
            let archive = try world.archive()
            let bad: [PushRequest] = [
                .init(target: .modelNamed("m", team: nil), archiveKey: "none", isDevelopment: false),
                .init(target: .modelNamed("", team: nil), archiveKey: archive, isDevelopment: false),
                .init(target: .model(ModelID("unknown1")), archiveKey: archive, isDevelopment: false),
                .init(
                    target: .modelNamed("m", team: TeamID("none")), archiveKey: archive, isDevelopment: false),
                .init(
                    target: .modelNamed("m", team: nil), archiveKey: archive, isDevelopment: false,
                    deployTimeoutMinutes: 9),
                .init(
                    target: .modelNamed("m", team: nil), archiveKey: archive, isDevelopment: false,
                    deployTimeoutMinutes: 1441),
                .init(
                    target: .modelNamed("m", team: nil), archiveKey: archive, isDevelopment: true,
                    environment: "production"),
                .init(
                    target: .modelNamed("m", team: nil), archiveKey: archive, isDevelopment: true,
                    deploymentName: "named"),
                .init(
                    target: .modelNamed("m", team: nil), archiveKey: archive, isDevelopment: false,
                    environment: "staging"),
            ]
            for request in bad {
                await #expect(throws: ControlError.self, "\(request)") {
                    try await world.control.push(request, by: world.admin)
                }
            }
            #expect(try await world.control.models(team: nil).isEmpty)
        }
    }

    @Test("what forbids a download forbids it for the model from then on")
    func downloads() async throws {
        try await World.run { world in
            let first = try await world.control.push(
                PushRequest(
                    target: .modelNamed("model", team: nil), archiveKey: world.archive(),
                    isDevelopment: false, allowsDownload: false), by: world.admin)
            #expect(!first.deployment.deployment.allowsDownload)
            #expect(try await !world.push().allowsDownload)
        }
    }
}
