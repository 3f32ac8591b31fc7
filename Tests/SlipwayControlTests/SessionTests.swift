// Sessions of the dashboard: how they begin, what they stand for, and how they end.

import Foundation
import SlipwayCore
import Testing

@testable import SlipwayControl

@Suite("Sessions of browsers")
struct SessionTests {
    @Test("a session stands for its key, and neither key nor token is stored")
    func begins() async throws {
        let directory = try Directory()
        let token = Keeper()
        try await World.run(in: directory.path) { world in
            token.text = try await world.control.signIn(key: " \(world.adminKey)\n")
            let session = try #require(try await world.control.session(token: token.text))
            #expect(session.key == world.adminKey)
            #expect(session.caller.keyPrefix == world.admin.keyPrefix)
            #expect(session.formToken.count == 64 && session.formToken != token.text)
        }
        let key = try String(contentsOfFile: "\(directory.path)/key", encoding: .utf8)
        for file in try FileManager.default.contentsOfDirectory(atPath: directory.path)
        where file.hasPrefix("slipway.sqlite") {
            let bytes = try Data(contentsOf: URL(fileURLWithPath: "\(directory.path)/\(file)"))
            for secret in [token.text, key] { #expect(bytes.range(of: Data(secret.utf8)) == nil, "\(file)") }
        }
    }

    @Test("a session outlives the process")
    func restart() async throws {
        let directory = try Directory()
        let token = Keeper()
        try await World.run(in: directory.path) { token.text = try await $0.control.signIn(key: $0.adminKey) }
        try await World.run(in: directory.path) { world in
            let session = try await world.control.session(token: token.text)
            #expect(session != nil)
        }
    }

    @Test("only keys that may manage sign in", arguments: APIKeyCategory.allCases)
    func categories(category: APIKeyCategory) async throws {
        try await World.run { world in
            let key = try await world.control.createAPIKey(
                name: nil, category: category, modelIDs: nil, team: nil, by: world.admin)
            if category == .personal || category == .workspaceManageAll {
                _ = try await world.control.signIn(key: key)
            } else {
                await #expect(throws: ControlError.unauthorized) {
                    _ = try await world.control.signIn(key: key)
                }
            }
        }
    }

    @Test(
        "what no server made is no session",
        arguments: ["", "x", String(repeating: "0", count: 64), String(repeating: "é", count: 32)])
    func unknown(token: String) async throws {
        try await World.run { world in
            let session = try await world.control.session(token: token)
            #expect(session == nil)
        }
    }

    @Test("a session ends with its key, at once and for good")
    func revoked() async throws {
        try await World.run { world in
            let key = try await world.control.createAPIKey(
                name: nil, category: .personal, modelIDs: nil, team: nil, by: world.admin)
            let token = try await world.control.signIn(key: key)
            #expect(try await world.control.session(token: token) != nil)
            try await world.control.deleteAPIKey(
                prefix: String(key.prefix(KeyText.prefixLength)), by: world.admin)
            #expect(try await world.control.session(token: token) == nil)
            let digest = try #require(SessionToken(token)).digest
            let isForgotten = try await world.store.read { try $0.session(digest: digest) == nil }
            #expect(isForgotten)
        }
    }

    @Test("a session ends when it is not used, when it is old, and when its person says so")
    func ends() async throws {
        try await World.run { world in
            let left = try await world.control.signIn(key: world.adminKey)
            try await world.control.signOut(token: left)
            #expect(try await world.control.session(token: left) == nil)

            let unused = try await world.control.signIn(key: world.adminKey)
            world.clock.advance(ControlPlane.sessionIdle)
            #expect(try await world.control.session(token: unused) == nil)

            let used = try await world.control.signIn(key: world.adminKey)
            let step: Duration = .seconds(7 * 3600)
            for _ in 1..<Int(ControlPlane.sessionLifetime / step) {
                world.clock.advance(step)
                #expect(try await world.control.session(token: used) != nil)
            }
            world.clock.advance(step)
            #expect(try await world.control.session(token: used) == nil)
        }
    }

    @Test("tokens differ, and one does not open what another sealed")
    func sealing() throws {
        let (one, other) = (SessionToken.generate(), SessionToken.generate())
        #expect(one.text != other.text && one.formToken != other.formToken && one.digest != other.digest)
        let sealed = try one.seal("abcdefgh.secret")
        #expect(try one.open(sealed) == "abcdefgh.secret")
        #expect(throws: (any Error).self) { try other.open(sealed) }
    }
}

/// Carries a text out of a closure.
private final class Keeper: @unchecked Sendable { var text = "" }
