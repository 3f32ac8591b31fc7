// Keys and secrets: what is stored, and who may do what.

import Foundation
import SlipwayCore
import Testing

@testable import SlipwayControl

@Suite struct AccessTests {
    @Test("the first start makes one admin key, later ones none, and no text of a key is stored")
    func bootstrap() async throws {
        let directory = try Directory()
        var keys: [String] = []
        for _ in 0..<2 {
            try await World.run(in: directory.path) { world in
                let made = try await world.control.createAPIKey(
                    name: nil, category: .workspaceInvoke, modelIDs: nil, team: nil, by: world.admin)
                let caller = try await world.control.authenticate(authorization: "Bearer \(made)")
                #expect(caller.grant.category == .workspaceInvoke)
                try made.write(toFile: "\(directory.path)/made", atomically: true, encoding: .utf8)
            }
            keys.append(try String(contentsOfFile: "\(directory.path)/made", encoding: .utf8))
            keys.append(try String(contentsOfFile: "\(directory.path)/key", encoding: .utf8))
        }
        #expect(keys[1] == keys[3])
        for file in try FileManager.default.contentsOfDirectory(atPath: directory.path)
        where file.hasPrefix("slipway.sqlite") {
            let bytes = try Data(contentsOf: URL(fileURLWithPath: "\(directory.path)/\(file)"))
            for key in keys { #expect(bytes.range(of: Data(key.utf8)) == nil, "\(file)") }
        }
    }

    @Test(
        "what is not a key of ours is unauthorized",
        arguments: [nil, "", "Api-Key", "Api-Key ", "Basic abc", "Api-Key wrong.key", "Api-Key \u{0}"])
    func unauthorized(header: String?) async throws {
        try await World.run { world in
            await #expect(throws: ControlError.unauthorized) {
                _ = try await world.control.authenticate(authorization: header)
            }
        }
    }

    @Test("a deleted key opens nothing, on either plane")
    func deletion() async throws {
        try await World.run { world in
            let key = try await world.control.createAPIKey(
                name: "ci", category: .personal, modelIDs: nil, team: nil, by: world.admin)
            #expect(world.gateway.table.keys.count == 2)
            _ = try await world.control.authenticate(authorization: "Api-Key \(key)")
            let prefix = String(key.prefix { $0 != "." })
            try await world.control.deleteAPIKey(prefix: prefix, by: world.admin)
            #expect(world.gateway.table.keys.count == 1)
            await #expect(throws: ControlError.unauthorized) {
                _ = try await world.control.authenticate(authorization: "Api-Key \(key)")
            }
            await #expect(throws: ControlError.self) {
                try await world.control.deleteAPIKey(prefix: prefix, by: world.admin)
            }
        }
    }

    @Test("a key that manages keys cannot make one with more rights than its own")
    func escalation() async throws {
        try await World.run { world in
            let key = try await world.control.createAPIKey(
                name: nil, category: .workspaceManageAPIKeys, modelIDs: nil, team: nil, by: world.admin)
            let manager = try await world.control.authenticate(authorization: "Api-Key \(key)")
            for category in [APIKeyCategory.personal, .workspaceManageAll] {
                await #expect(throws: ControlError.self) {
                    _ = try await world.control.createAPIKey(
                        name: nil, category: category, modelIDs: nil, team: nil, by: manager)
                }
            }
            _ = try await world.control.createAPIKey(
                name: nil, category: .workspaceInvoke, modelIDs: nil, team: nil, by: manager)
        }
    }

    @Test("secrets are sealed at rest, bound to their name, and reach only replicas whose config names them")
    func secrets() async throws {
        try await World.run { world in
            for name in ["token", "other"] {
                _ = try await world.control.upsertSecret(
                    name: name, value: "value-of-\(name)", team: nil, by: world.admin)
            }
            let deployment = try await world.push(extra: "secrets: {token: null}\n")
            try await world.serves(deployment)
            #expect(world.started(for: deployment)[0].secrets == ["token": "value-of-token"])
            for file in try FileManager.default.contentsOfDirectory(atPath: world.directory)
            where file.hasPrefix("slipway.sqlite") {
                let bytes = try Data(contentsOf: URL(fileURLWithPath: "\(world.directory)/\(file)"))
                #expect(bytes.range(of: Data("value-of-".utf8)) == nil)
            }
            let box = SecretBox(masterKey: [UInt8](repeating: 7, count: 32))
            let sealed = try box.seal("value", context: "team/one")
            #expect(try box.open(sealed, context: "team/one") == "value")
            #expect(throws: (any Error).self) { try box.open(sealed, context: "team/two") }
            #expect(throws: (any Error).self) {
                try SecretBox(masterKey: [UInt8](repeating: 8, count: 32)).open(sealed, context: "team/one")
            }
        }
    }
}
