// `slipway login`: remembers a server and the key for it.

import ArgumentParser
import Foundation
import SlipwayAPI

struct Login: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Remember a server and an API key for it.",
        discussion: """
            The key is asked for without showing it, or read from standard input or --api-key-file; it is tried \
            before it is kept, in ~/.config/slipway/config.yaml, which only you can read. The server is the one \
            in use from then on.
            """)

    @Argument(help: "Name for the remote.") var name = "slipway"
    @Option(help: "URL of the server.") var url = RemoteChoice.defaultURL
    @Option(help: "File with the API key.") var apiKeyFile: String?
    @Flag(help: "Write it into ~/.trussrc too, for the official client.") var trussrc = false

    func validate() throws {
        guard StoredRemotes.isName(name) else {
            throw ValidationError("A remote's name is made of letters, digits and . _ -")
        }
        if let problem = ServerURL.problem(url) { throw ValidationError(problem) }
    }

    func run() async throws {
        let text =
            try apiKeyFile.map { String(decoding: try InputData.read("@" + $0), as: UTF8.self) }
            ?? HiddenInput.read("API key for \(url): ")
        let remote = StoredRemote(url: RemoteChoice.trimmed(url), apiKey: try RemoteOptions.valid(text))
        let host = URL(string: url)?.host ?? ""
        if remote.url.hasPrefix("http://"), !RemoteChoice.isThisMachine(host) {
            tell("warning: the key goes to \(host) unencrypted; use https where you can.")
        }
        let server = Remote(url: remote.url, key: remote.apiKey)
        let me = try await Self.whoami(server)
        var stored = try StoredRemotes.load()
        stored.remotes[name] = remote
        stored.current = name
        try stored.save()
        say("Logged in to \(remote.url) as \(me); the remote is called \(name).")
        guard trussrc else { return }
        try TrussRC.write(remote, named: name)
        say("\(TrussRC.path) has it too: truss push --remote \(name)")
    }

    /// Keys that may only call models or read metrics have no user to tell: a refusal of that kind is no wrong key.
    private static func whoami(_ server: Remote) async throws -> String {
        let me = try await server.document("GET", "/v1/users/me")
        return (me[path: "email"] ?? me["user_id"]).text
    }
}
