import Foundation
import Testing

@testable import SlipwayCLI

@Suite("Remotes")
struct RemoteTests {
    private static let stored = StoredRemotes(
        current: "home",
        remotes: [
            "home": StoredRemote(url: "http://localhost:8000/", apiKey: "home-key"),
            "work": StoredRemote(url: "https://slipway.example.com", apiKey: "work-key"),
        ])

    private func choose(
        _ remote: String? = nil, keyFile: String? = nil, env environment: [String: String] = [:],
        stored: StoredRemotes = stored
    ) throws -> RemoteChoice {
        try RemoteChoice(remote: remote, keyFile: keyFile, environment: environment, stored: stored)
    }

    @Test(
        "flags count more than the environment, that more than the remote in use, that more than this machine"
    )
    func precedence() throws {
        let nothing = StoredRemotes()
        let home = LocalServer.defaultDataDirectory
        #expect(try choose(stored: nothing).key == .admin(directory: home))
        #expect(try choose(stored: nothing).url == "http://localhost:8000")
        #expect(try choose(env: ["SLIPWAY_DATA_DIR": "/d"], stored: nothing).key == .admin(directory: "/d"))
        #expect(try choose().key == .value("home-key"))
        #expect(try choose().url == "http://localhost:8000")
        #expect(try choose(env: ["SLIPWAY_API_KEY": "k"]).key == .value("k"))
        #expect(try choose(env: ["SLIPWAY_REMOTE": "work"]).url == "https://slipway.example.com")
        #expect(try choose(env: ["SLIPWAY_REMOTE": "work"]).key == .value("work-key"))
        #expect(
            try choose("work", env: ["SLIPWAY_API_KEY": "k", "SLIPWAY_REMOTE": "home"]).key
                == .value("work-key"))
        #expect(try choose("work", keyFile: "/f", env: ["SLIPWAY_API_KEY": "k"]).key == .file("/f"))
        #expect(try choose("http://127.0.0.1:9", env: ["SLIPWAY_API_KEY": "k"]).key == .value("k"))
    }

    @Test(
        "the admin key of this machine goes to no other",
        arguments: [
            "https://example.com", "http://localhost.example.com", "http://128.0.0.1",
            "http://127.0.0.1.example.com",
        ])
    func otherMachines(url: String) throws {
        #expect(try choose(url, stored: StoredRemotes()).key == .missing)
    }

    @Test(
        "this machine has several names",
        arguments: ["http://localhost:1", "http://api.localhost", "http://127.1.2.3", "http://[::1]:8000"])
    func thisMachine(url: String) throws {
        #expect(
            try choose(url, stored: StoredRemotes()).key
                == .admin(directory: LocalServer.defaultDataDirectory))
    }

    @Test("a remote that does not exist is refused with names like it")
    func unknown() throws {
        let failure = try #require(throws: CommandFailure.self) { try choose("wrok") }
        #expect(failure.message == "There is no remote wrok. Did you mean work?" && failure.code == .notFound)
        #expect(throws: CommandFailure.self) { try choose("http://") }
    }

    @Test(
        "a URL with more than a server's address is refused without being shown",
        arguments: [
            "http://u:PASSWORD@h", "http://PASSWORD@h", "http://h?q=PASSWORD", "http://h#PASSWORD",
            "http://h?",
            "ftp://u:PASSWORD@h", "http://u:PASSWORD@h:x", "http://h/ PASSWORD@",
        ])
    func otherParts(url: String) throws {
        let failure = try #require(throws: CommandFailure.self) { try choose(url) }
        #expect(!failure.description.contains("PASSWORD"))
        #expect(!ServerURL.shown("http://u:PASS@WORD@h:1/x@y").contains("WORD"))
        #expect(ServerURL.shown("http://h:1/x@y") == "http://h:1/x@y")
    }

    @Test(
        "what cannot be called is no URL of a server", arguments: ["ftp://h", "file:///x", "http://h:99999"])
    func schemes(url: String) throws {
        #expect(throws: CommandFailure.self) { try choose(url) }
        #expect(try choose("HTTPS://h/base", keyFile: "k").url == "HTTPS://h/base")
    }

    @Test(
        "a misspelt key of the file is named",
        arguments: ["curent: home", "remotes: {a: {url: x, api_key: K, ulr: y}}"])
    func misspelt(text: String) throws {
        let path = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString).path
        defer { try? FileManager.default.removeItem(atPath: path) }
        try Data(text.utf8).write(to: URL(fileURLWithPath: path))
        let failure = try #require(throws: CommandFailure.self) { try StoredRemotes.load(from: path) }
        #expect(
            ["curent. Did you mean current?", "ulr. Did you mean url?"].contains {
                failure.message.hasSuffix($0)
            })
    }

    @Test("are kept in a file that no one else may read, also where it was readable")
    func file() throws {
        let directory = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString).path
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let path = StoredRemotes.path(["XDG_CONFIG_HOME": directory])
        #expect(path == directory + "/slipway/config.yaml")
        #expect(try StoredRemotes.load(from: path) == StoredRemotes())
        try Self.stored.save(to: path)
        chmod(path, 0o644)
        try Self.stored.save(to: path)
        #expect(try StoredRemotes.load(from: path) == Self.stored)
        var info = stat()
        #expect(stat(path, &info) == 0 && info.st_mode & 0o777 == 0o600)
        try Data("remotes: [api_key: SECRET".utf8).write(to: URL(fileURLWithPath: path))
        let failure = try #require(throws: CommandFailure.self) { try StoredRemotes.load(from: path) }
        #expect(!failure.description.contains("SECRET"))
    }

    @Test("names are safe in YAML, INI files and arguments")
    func names() {
        #expect(["slipway", "a.b_c-1"].allSatisfy(StoredRemotes.isName))
        #expect(
            !["", "-x", "a b", "a]", "é", "a\nb", String(repeating: "a", count: 65)].contains(
                where: StoredRemotes.isName))
    }

    @Test("~/.trussrc keeps its other remotes")
    func trussrc() {
        let remote = StoredRemote(url: "http://localhost:8000", apiKey: "new")
        let section =
            "[slipway]\nremote_provider = baseten\napi_key = new\nremote_url = http://localhost:8000\n"
        #expect(TrussRC.replacing("slipway", with: remote, in: "") == section)
        let old =
            "# mine\n[baseten]\napi_key = b\n\n[slipway]\napi_key = old\nextra = 1\n\n[other]\napi_key = o\n"
        let expected = "# mine\n[baseten]\napi_key = b\n\n[other]\napi_key = o\n\n" + section
        #expect(TrussRC.replacing("slipway", with: remote, in: old) == expected)
        #expect(TrussRC.replacing("slipway", with: remote, in: expected) == expected)
    }

    @Test("*.localhost is this machine, without the system's resolver")
    func loopback() {
        let addresses = Connections.addresses(of: "http://S3.localhost:8000/x")
        #expect(addresses.map(\.loopback) == ["127.0.0.1", "::1"])
        #expect(addresses.allSatisfy { $0.host == "s3.localhost" })
        #expect(Connections.addresses(of: "http://localhost:8000").map(\.loopback) == [nil])
        #expect(Connections.addresses(of: "http://a.localhost.example.com").map(\.loopback) == [nil])
    }

    @Test("every answer that is no success has its exit code")
    func codes() {
        let codes = [400, 401, 403, 404, 409, 429, 500].map { CommandFailure.answered($0, "m").code.rawValue }
        #expect(codes == [1, 4, 4, 3, 1, 1, 1])
    }
}
